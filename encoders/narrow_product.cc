#include "encoders/narrow_product.h"

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <vector>

#include "core/error.h"
#include "encoders/packed_kernels.h"
#include "encoders/scratch.h"

namespace eyechart::encoders {
namespace {

using internal::kNarrowLanes;
using internal::kTileColumns;
using internal::kTileRows;
using internal::kTileSize;

// Panels that a thread takes at least: some 100 KiB of weights, below which
// handing them out costs more than it saves.
constexpr std::int64_t kPanels = 4;

std::int64_t RoundUpTo(std::int64_t value, std::int64_t step) {
  return (value + step - 1) / step * step;
}

std::int64_t RowsOf(const at::Tensor& x) {
  return x.size(-1) == 0 ? 0 : x.numel() / x.size(-1);
}

}  // namespace

std::optional<NarrowProduct> NarrowProduct::Create(const at::Tensor& weight,
                                                   const at::Tensor& bias,
                                                   const Placement& placement,
                                                   Activation activation) {
  if (!placement.device.is_cpu() || placement.dtype != c10::kFloat ||
      !internal::HasNarrowKernels())
    return std::nullopt;
  const at::Tensor exact = placement.Put(weight);
  for (const c10::ScalarType kind : {c10::kHalf, c10::kBFloat16}) {
    const at::Tensor narrow = exact.to(kind);
    if (at::equal(narrow.to(c10::kFloat), exact))
      return NarrowProduct(narrow, placement.Put(bias), activation);
  }
  return std::nullopt;
}

NarrowProduct::NarrowProduct(const at::Tensor& narrow,
                             const at::Tensor& bias,
                             Activation activation)
    : kind_(narrow.scalar_type() == c10::kHalf
                ? internal::NarrowKind::kHalf
                : internal::NarrowKind::kBFloat16),
      activation_(activation),
      inputs_(narrow.size(1)),
      outputs_(narrow.size(0)) {
  const std::int64_t rows = RoundUpTo(outputs_, kTileColumns);
  data_ = at::zeros({rows, RoundUpTo(inputs_, kNarrowLanes)}, narrow.options());
  data_.narrow(0, 0, outputs_).narrow(1, 0, inputs_).copy_(narrow);
  bias_ = at::zeros({rows}, c10::kFloat);
  if (bias.defined()) bias_.narrow(0, 0, outputs_).copy_(bias);
}

bool NarrowProduct::Takes(const at::Tensor& x) {
  const std::int64_t rows = RowsOf(x);
  return rows > 0 && rows <= kMostRows;
}

at::Tensor NarrowProduct::Forward(const at::Tensor& x,
                                  const at::Tensor& residual) const {
  EYECHART_CHECK(x.size(-1) == inputs_ && Takes(x), "{} inputs", inputs_);
  std::vector<std::int64_t> shape = x.sizes().vec();
  shape.back() = outputs_;
  const at::Tensor out = at::empty(shape, x.options());
  const at::Tensor add = residual.defined() ? residual.contiguous() : residual;
  EYECHART_CHECK(!add.defined() || add.sizes() == out.sizes(), "residual");

  const std::int64_t rows = RowsOf(x);
  const std::int64_t stride = data_.size(1);
  thread_local Scratch scratch;
  float* padded = scratch.Floats(rows * stride);
  const at::Tensor in = x.contiguous();
  for (std::int64_t row = 0; row < rows; ++row) {
    const float* from = in.const_data_ptr<float>() + row * inputs_;
    float* to = padded + row * stride;
    std::fill(std::copy_n(from, inputs_, to), to + stride, 0.0F);
  }

  const auto* weights = static_cast<const std::uint16_t*>(data_.data_ptr());
  const auto* terms = bias_.const_data_ptr<float>();
  const float* added = add.defined() ? add.const_data_ptr<float>() : nullptr;
  auto* to = out.mutable_data_ptr<float>();
  const std::int64_t panels = data_.size(0) / kTileColumns;
  at::parallel_for(
      0, panels, kPanels, [&](std::int64_t begin, std::int64_t end) {
        alignas(32) float tile[kTileSize];
        for (std::int64_t panel = begin; panel < end; ++panel) {
          const std::int64_t column = panel * kTileColumns;
          const std::int64_t columns =
              std::min(kTileColumns, outputs_ - column);
          for (std::int64_t row = 0; row < rows; row += kTileRows) {
            const std::int64_t count = std::min(kTileRows, rows - row);
            internal::MultiplyNarrow(kind_, weights + column * stride,
                                     padded + row * stride, count, stride,
                                     tile);
            internal::ActivateTile(terms + column, activation_, count, tile);
            const std::int64_t at = row * outputs_ + column;
            internal::StoreTile(tile, count, columns,
                                added == nullptr ? nullptr : added + at,
                                outputs_, to + at);
          }
        }
      });
  return out;
}

}  // namespace eyechart::encoders
