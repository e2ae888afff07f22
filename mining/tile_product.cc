#include "mining/tile_product.h"

#include <ATen/ops/from_blob.h>
#include <ATen/ops/mm.h>

#include "core/error.h"
#include "encoders/device.h"
#include "encoders/onednn.h"

namespace eyechart::mining {
namespace {

// bfloat16 has 8 bits of significand.
constexpr double kUnit = 0x1p-9;

bool WantsBf16(const EngineOptions& options, at::Device device) {
  TileProduct::RequireKnown(options.precision);
  if (options.precision != "auto") return options.precision == "bf16";
  return device.is_cpu() && encoders::OneDnnPays(c10::kBFloat16);
}

at::Tensor Matrix(float* values, std::int64_t n, std::int64_t k) {
  return at::from_blob(values, {n, k}, at::kFloat);
}

at::Tensor Part(const Block& block, std::int64_t begin, std::int64_t count) {
  return block.values.narrow(0, begin - block.begin, count);
}

}  // namespace

TileProduct::TileProduct(const EngineOptions& options, std::int64_t width)
    : width_(width), device_(encoders::ParseDevice(options.device)) {
  bf16_ = WantsBf16(options, device_);
  if (on_device()) encoders::AllowTf32(false);
}

void TileProduct::RequireKnown(const std::string& precision) {
  EYECHART_REQUIRE(
      precision == "auto" || precision == "fp32" || precision == "bf16",
      "--precision {}: there are auto, fp32 and bf16", precision);
}

// |a'b' - ab| <= (2u + u^2) |a||b| by Cauchy and Schwarz, for factors off by u
// of themselves; sums are in float32, n u32 |a||b| off; the result is rounded
// to bfloat16 again. |a| and |b| exceed 1 by roundings alone, which the last
// factor covers.
double TileProduct::error() const {
  if (!bf16_) return 0;
  const double sum = static_cast<double>(width_) * 0x1p-24;
  const double before = 2 * kUnit + kUnit * kUnit + sum;
  return (before + kUnit * (1 + before)) * (1 + 0x1p-12);
}

Block TileProduct::Take(float* values,
                        std::int64_t begin,
                        std::int64_t end) const {
  at::Tensor rows = Matrix(values, end - begin, width_);
  if (bf16_) rows = rows.to(at::kBFloat16);
  if (on_device()) rows = rows.to(device_);
  return {rows, begin, end};
}

void TileProduct::Multiply(const Block& rows,
                           std::int64_t row,
                           std::int64_t n,
                           const Block& columns,
                           std::int64_t column,
                           std::int64_t m,
                           float* out) const {
  at::Tensor products = Matrix(out, n, m);
  const at::Tensor left = Part(rows, row, n);
  const at::Tensor right = Part(columns, column, m).t();
  if (bf16_ || on_device())
    products.copy_(at::mm(left, right));
  else
    at::mm_out(products, left, right);
}

std::vector<TileHit> TileProduct::Above(const Block& rows,
                                        std::int64_t row,
                                        std::int64_t n,
                                        const Block& columns,
                                        std::int64_t column,
                                        std::int64_t m,
                                        float threshold) const {
  const at::Tensor products =
      at::mm(Part(rows, row, n), Part(columns, column, m).t());
  const at::Tensor above = products.gt(threshold);
  // nonzero gives its columns one after the other.
  const at::Tensor places = above.nonzero().cpu().contiguous();
  const at::Tensor values =
      products.masked_select(above).to(at::kCPU, at::kFloat);
  const std::int64_t* place = places.const_data_ptr<std::int64_t>();
  const float* value = values.const_data_ptr<float>();
  std::vector<TileHit> hits;
  hits.reserve(static_cast<std::size_t>(values.numel()));
  for (std::int64_t k = 0; k < values.numel(); ++k)
    hits.push_back({place[2 * k], place[2 * k + 1], value[k]});
  return hits;
}

}  // namespace eyechart::mining
