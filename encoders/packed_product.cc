#include "encoders/packed_product.h"

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <atomic>
#include <vector>

#include "core/error.h"
#include "encoders/packed_kernels.h"
#include "encoders/rounding.h"
#include "encoders/scratch.h"

namespace eyechart::encoders {
namespace {

using internal::kTileColumns;
using internal::kTileRows;
using internal::kTileSize;
using internal::PackedLayout;
using internal::PackedRows;
using internal::ProductOutput;

// Values summed at a time: a panel of weights, 24 KiB, stays in the nearest
// cache while rows pass by it.
constexpr std::int64_t kDepth = 384;
// Groups of rows, and panels, of one task: 300 KiB of packed input, which the
// second cache holds, and 50 KiB of sums.
constexpr std::int64_t kTaskGroups = 34;
constexpr std::int64_t kTaskPanels = 4;
// Groups of rows between layers, for few threads.
constexpr std::int64_t kBlockGroups = 64;

// Of equal parts of `count`, each at most `most`, the size.
std::int64_t EvenPart(std::int64_t count, std::int64_t most) {
  return DivideUp(count, std::max<std::int64_t>(1, DivideUp(count, most)));
}

// A multiple of a tile's columns, so that a tile of output, packed as the next
// product's input, lies in one block.
std::int64_t DepthOf(std::int64_t length) {
  return DivideUp(EvenPart(length, kDepth), kTileColumns) * kTileColumns;
}

bool HasAvx512() {
#if defined(__x86_64__)
  static const bool has = __builtin_cpu_supports("avx512f") != 0;
  return has;
#else
  return false;
#endif
}

}  // namespace

std::int64_t PackedLayout::Offset(std::int64_t group, std::int64_t k) const {
  const std::int64_t begin = k / depth * depth;
  return begin * groups * width +
         (group * BlockDepth(begin) + (k - begin)) * width;
}

std::int64_t PackedLayout::BlockDepth(std::int64_t k) const {
  return std::min(depth, length - k);
}

struct PackedProduct::Task {
  std::int64_t first_group;
  std::int64_t groups;
  std::int64_t first_panel;
  std::int64_t panels;
};

bool PackedProduct::Serves(const Placement& placement) {
  return placement.device.is_cpu() && placement.dtype == c10::kFloat &&
         internal::HasTileKernels() && !HasAvx512();
}

PackedProduct::PackedProduct(const at::Tensor& weight,
                             const at::Tensor& bias,
                             Activation activation,
                             ProductEnd end)
    : activation_(activation), end_(end), outputs_(weight.size(0)) {
  EYECHART_CHECK(internal::HasTileKernels(), "a processor with AVX2 and FMA");
  EYECHART_CHECK(weight.scalar_type() == c10::kFloat && weight.is_cpu(),
                 "float32 on the CPU");
  const bool gated = end == ProductEnd::kSiluGate;
  EYECHART_CHECK(!gated || outputs_ % 2 == 0, "gates and values");
  if (gated) outputs_ /= 2;
  const std::int64_t columns = gated ? kTileColumns / 2 : kTileColumns;
  weights_ = {DivideUp(outputs_, columns), kTileColumns, weight.size(1),
              DepthOf(weight.size(1))};
  data_ = at::empty({weights_.size()}, c10::kFloat);
  bias_ = at::zeros({weights_.groups * kTileColumns}, c10::kFloat);

  const at::Tensor rows = weight.contiguous();
  const auto* from = rows.const_data_ptr<float>();
  auto* to = data_.mutable_data_ptr<float>();
  // The row of `weight` that is column `i` of `panel`, or -1: a gate's panel is
  // half gates, half their values.
  const auto row_of = [&](std::int64_t panel, std::int64_t i) {
    const std::int64_t output = panel * columns + i % columns;
    if (output >= outputs_) return std::int64_t{-1};
    return output + i / columns * outputs_;
  };
  at::parallel_for(
      0, weights_.groups, 1, [&](std::int64_t begin, std::int64_t end_panel) {
        for (std::int64_t panel = begin; panel < end_panel; ++panel) {
          for (std::int64_t i = 0; i < kTileColumns; ++i) {
            const std::int64_t row = row_of(panel, i);
            for (std::int64_t k = 0; k < weights_.length; k += weights_.depth) {
              float* out = to + weights_.Offset(panel, k) + i;
              const float* in = from + row * weights_.length + k;
              const std::int64_t depth = weights_.BlockDepth(k);
              for (std::int64_t j = 0; j < depth; ++j)
                out[j * kTileColumns] = row < 0 ? 0 : in[j];
            }
          }
        }
      });
  if (!bias.defined()) return;
  const at::Tensor terms = bias.contiguous();
  for (std::int64_t i = 0; i < bias_.numel(); ++i) {
    const std::int64_t row = row_of(i / kTileColumns, i % kTileColumns);
    if (row >= 0)
      bias_.mutable_data_ptr<float>()[i] = terms.const_data_ptr<float>()[row];
  }
}

PackedLayout PackedProduct::RowLayout(std::int64_t rows) const {
  return {DivideUp(rows, kTileRows), kTileRows, weights_.length,
          weights_.depth};
}

void PackedProduct::Pack(const float* x,
                         std::int64_t rows,
                         float* packed) const {
  const PackedLayout layout = RowLayout(rows);
  at::parallel_for(
      0, layout.groups, 4, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t group = begin; group < end; ++group) {
          const std::int64_t row = group * kTileRows;
          for (std::int64_t k = 0; k < layout.length; k += layout.depth)
            internal::PackTileRows(x + row * layout.length + k, layout.length,
                                   std::min(kTileRows, rows - row),
                                   layout.BlockDepth(k),
                                   packed + layout.Offset(group, k));
        }
      });
}

void PackedProduct::Multiply(const PackedRows& x,
                             const ProductOutput& to) const {
  const std::int64_t threads = at::get_num_threads();
  const std::int64_t all = DivideUp(x.rows, kTileRows);
  // Tasks enough that no thread waits long for the last of another.
  std::int64_t groups = EvenPart(all, kTaskGroups);
  std::int64_t panels = std::min(kTaskPanels, weights_.groups);
  const auto tasks = [&] {
    return DivideUp(all, groups) * DivideUp(weights_.groups, panels);
  };
  while (panels > 1 && tasks() < 4 * threads) panels /= 2;
  while (groups > 4 && tasks() < 2 * threads) groups = DivideUp(groups, 2);

  const std::int64_t count = tasks();
  const std::int64_t across = DivideUp(weights_.groups, panels);
  std::atomic<std::int64_t> next{0};
  at::parallel_for(0, threads, 1, [&](std::int64_t, std::int64_t) {
    for (std::int64_t i = next++; i < count; i = next++) {
      const std::int64_t group = i / across * groups;
      const std::int64_t panel = i % across * panels;
      Run({group, std::min(groups, all - group), panel,
           std::min(panels, weights_.groups - panel)},
          x, to);
    }
  });
}

void PackedProduct::Run(const Task& task,
                        const PackedRows& x,
                        const ProductOutput& to) const {
  const PackedLayout layout = RowLayout(x.rows);
  const auto* weights = data_.const_data_ptr<float>();
  thread_local Scratch scratch;
  float* sums = scratch.Floats(task.groups * task.panels * kTileSize);
  for (std::int64_t k = 0; k < layout.length; k += layout.depth) {
    const std::int64_t depth = layout.BlockDepth(k);
    const bool last = k + depth == layout.length;
    const float* panel = weights + weights_.Offset(task.first_panel, k);
    float* tile = sums;
    for (std::int64_t p = 0; p < task.panels; ++p) {
      const float* packed = x.data + layout.Offset(task.first_group, k);
      for (std::int64_t g = 0; g < task.groups; ++g, tile += kTileSize) {
        const std::int64_t group = task.first_group + g;
        const std::int64_t rows =
            std::min(kTileRows, x.rows - group * kTileRows);
        internal::MultiplyTile(packed, panel, rows, depth, k == 0, tile);
        packed += depth * kTileRows;
        if (last) Finish(group, task.first_panel + p, rows, tile, to);
      }
      panel += depth * kTileColumns;
    }
  }
}

void PackedProduct::Finish(std::int64_t group,
                           std::int64_t panel,
                           std::int64_t rows,
                           float* tile,
                           const ProductOutput& to) const {
  const float* bias = bias_.const_data_ptr<float>() + panel * kTileColumns;
  std::int64_t columns = kTileColumns;
  if (end_ == ProductEnd::kSiluGate) {
    internal::GateTile(bias, rows, tile);
    columns /= 2;
  } else {
    internal::ActivateTile(bias, activation_, rows, tile);
  }
  const std::int64_t column = panel * columns;
  columns = std::min(columns, outputs_ - column);
  if (to.packed != nullptr) {
    internal::PackTileRows(tile, kTileColumns, rows, columns,
                           to.data + to.packed->Offset(group, column));
    return;
  }
  const std::int64_t at = group * kTileRows * outputs_ + column;
  internal::StoreTile(tile, rows, columns,
                      to.residual == nullptr ? nullptr : to.residual + at,
                      outputs_, to.data + at);
}

at::Tensor PackedProduct::Forward(const at::Tensor& x,
                                  const at::Tensor& residual) const {
  std::vector<std::int64_t> shape = x.sizes().vec();
  shape.back() = outputs_;
  at::Tensor out = at::empty(shape, x.options());
  ForwardTo(x, residual, out);
  return out;
}

void PackedProduct::ForwardTo(const at::Tensor& x,
                              const at::Tensor& residual,
                              const at::Tensor& out) const {
  EYECHART_CHECK(x.size(-1) == inputs(), "{} inputs, not {}", inputs(),
                 x.size(-1));
  const at::Tensor in = x.contiguous();
  const at::Tensor add = residual.defined() ? residual.contiguous() : residual;
  EYECHART_CHECK(!add.defined() || add.numel() == out.numel(), "residual");
  EYECHART_CHECK(out.is_contiguous() && out.size(-1) == outputs_, "output");
  const std::int64_t rows = inputs() == 0 ? 0 : in.numel() / inputs();
  const std::int64_t block = ProductBlockRows(rows);
  thread_local Scratch scratch;
  float* packed = scratch.Floats(RowLayout(std::min(block, rows)).size());
  for (std::int64_t row = 0; row < rows; row += block) {
    const std::int64_t count = std::min(block, rows - row);
    Pack(in.const_data_ptr<float>() + row * inputs(), count, packed);
    ProductOutput to;
    to.data = out.mutable_data_ptr<float>() + row * outputs_;
    if (add.defined())
      to.residual = add.const_data_ptr<float>() + row * outputs_;
    Multiply({packed, count}, to);
  }
}

std::int64_t ProductBlockRows(std::int64_t rows) {
  const std::int64_t most =
      kBlockGroups * std::max<std::int64_t>(1, at::get_num_threads() / 4);
  return kTileRows * EvenPart(DivideUp(rows, kTileRows), most);
}

}  // namespace eyechart::encoders
