#include "benchmarks/roofline/product_ceiling.h"

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <optional>
#include <utility>

#include "benchmarks/roofline/copy_bandwidth.h"
#include "core/error.h"
#include "core/random.h"
#include "core/statistics.h"
#include "encoders/linear.h"
#include "encoders/onednn.h"
#include "encoders/onednn_linear.h"

namespace eyechart::benchmarks {
namespace {

using encoders::Activation;

c10::ScalarType TypeOf(const std::string& dtype) {
  if (dtype == "fp32") return c10::kFloat;
  if (dtype == "bf16") return c10::kBFloat16;
  if (dtype == "fp16") return c10::kHalf;
  ThrowInput("no ceiling is measured in {}; there are fp32, bf16, fp16", dtype);
}

// Values near 0, so that none grows out of half precision.
at::Tensor Drawn(Random& random, std::int64_t rows, std::int64_t columns) {
  at::Tensor made = at::empty({rows, columns}, at::kFloat);
  float* values = made.mutable_data_ptr<float>();
  for (std::int64_t i = 0; i < made.numel(); ++i)
    values[i] = static_cast<float>(random.Uniform() - 0.5);
  return made;
}

// One way to multiply one shape, and the rates that it reached.
struct Contender {
  ProductRoof roof;
  std::function<void()> multiply;
  std::vector<double> gflops;
};

void AddContenders(const std::string& dtype,
                   const ProductShape& shape,
                   std::vector<Contender>& contenders) {
  const c10::ScalarType type = TypeOf(dtype);
  if (!encoders::OneDnnPays(type)) return;
  const encoders::Placement placement{type, c10::kCPU, type};
  Random random(0);
  const at::Tensor weight = Drawn(random, shape.columns, shape.inner);
  const at::Tensor x = placement.Put(Drawn(random, shape.rows, shape.inner));
  const auto add = [&](const char* kernel, std::function<void()> multiply) {
    contenders.push_back(
        {{dtype, 0, 0, kernel, shape.rows, shape.inner, shape.columns},
         std::move(multiply),
         {}});
  };
  const bool one_dnn =
      encoders::OneDnnLinear::Serves(placement, Activation::kNone);
  const bool ours = encoders::PackedProduct::Serves(placement);
  if (one_dnn)
    add("onednn, packed", [x, layer = encoders::OneDnnLinear(
                                  weight, {}, placement, Activation::kNone)] {
      layer.Forward(x);
    });
  if (ours || !one_dnn)  // else encoders multiply with oneDNN as well
    add(ours ? "eyechart, packed" : "LibTorch",
        [x, layer = encoders::Linear(weight, {}, placement)] {
          layer.Forward(x);
        });
}

double SecondsOf(const std::function<void()>& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin)
      .count();
}

}  // namespace

std::vector<ProductRoof> MeasureProducts(const ProductOptions& options) {
  EYECHART_REQUIRE(options.repetitions >= 1,
                   "ceiling: {} repetitions: at least 1 is due",
                   options.repetitions);
  const c10::InferenceMode no_gradients;
  std::vector<Contender> contenders;
  for (const std::string& dtype : options.dtypes)
    for (const ProductShape& shape : options.shapes)
      AddContenders(dtype, shape, contenders);
  for (int i = 0; i <= options.repetitions; ++i) {
    for (Contender& one : contenders) {
      const double seconds = SecondsOf(one.multiply);
      if (i == 0) continue;  // packs, allocates, picks kernels
      one.gflops.push_back(2e-9 * static_cast<double>(one.roof.rows) *
                           static_cast<double>(one.roof.inner) *
                           static_cast<double>(one.roof.columns) / seconds);
    }
  }
  std::vector<ProductRoof> roofs;
  for (Contender& one : contenders) {
    one.roof.gflops = *std::ranges::max_element(one.gflops);
    one.roof.median_gflops = Median(one.gflops);
    const auto known =
        std::ranges::find(roofs, one.roof.dtype, &ProductRoof::dtype);
    if (known == roofs.end())
      roofs.push_back(one.roof);
    else if (known->gflops < one.roof.gflops)
      *known = one.roof;
  }
  return roofs;
}

MachineCeilings MeasureCeilings(const CeilingOptions& options) {
  EYECHART_REQUIRE(options.threads >= 0,
                   "ceiling: {} threads: at least 1, or 0", options.threads);
  const int before = at::get_num_threads();
  if (options.threads > 0) at::set_num_threads(options.threads);
  MachineCeilings ceilings;
  ceilings.threads = at::get_num_threads();
  ceilings.repetitions = options.repetitions;
  ProductOptions products = options.products;
  products.repetitions = options.repetitions;
  ceilings.products = MeasureProducts(products);
  if (options.threads > 0) at::set_num_threads(before);
  CopyOptions copy;
  copy.threads = ceilings.threads;
  copy.bytes = options.copy_bytes > 0 ? options.copy_bytes : DefaultCopyBytes();
  copy.repetitions = options.repetitions;
  const std::vector<double> rates = MeasureCopyGbps(copy);
  ceilings.copy = {*std::ranges::max_element(rates), Median(rates), copy.bytes};
  return ceilings;
}

}  // namespace eyechart::benchmarks
