#include "encoders/davit_block.h"

#include <algorithm>
#include <utility>

namespace eyechart::encoders {

namespace {

// Cells that the MLP takes at once on the CPU. Its inner map is several times
// the input; of a fine map whole, it would be fresh pages from the system at
// every call, which cost a fifth of the MLP's time, and never in cache.
constexpr std::int64_t kSlice = 4096;

}  // namespace

DavitBlock::DavitBlock(DavitBlockParts parts) : parts_(std::move(parts)) {}

// x + mlp(norm2(x)), in x's memory where that is a fine map.
at::Tensor DavitBlock::AddMlp(const at::Tensor& x) const {
  const std::int64_t cells = x.numel() / x.size(3);
  if (cells <= kSlice || !x.device().is_cpu())
    return parts_.mlp.ForwardAdd(parts_.norm2.Forward(x), x);
  const at::Tensor rows = x.view({cells, x.size(3)});
  for (std::int64_t begin = 0; begin < cells; begin += kSlice) {
    const at::Tensor slice =
        rows.narrow(0, begin, std::min(kSlice, cells - begin));
    slice.copy_(parts_.mlp.ForwardAdd(parts_.norm2.Forward(slice), slice));
  }
  return x;
}

at::Tensor DavitBlock::Forward(const at::Tensor& x) const {
  const at::Tensor before = parts_.conv1.ForwardAdd(x);
  const at::Tensor normed = parts_.norm1.Forward(before);
  const at::Tensor attended = std::visit(
      [&](const auto& attention) {
        return attention.ForwardAdd(normed, before);
      },
      parts_.attention);
  return AddMlp(parts_.conv2.ForwardAdd(attended));
}

double DavitBlock::multiply_adds(std::int64_t height,
                                 std::int64_t width) const {
  const std::int64_t cell = parts_.conv1.multiply_adds() +
                            parts_.conv2.multiply_adds() +
                            parts_.mlp.multiply_adds();
  return static_cast<double>(height * width) * static_cast<double>(cell) +
         std::visit(
             [&](const auto& attention) {
               return attention.multiply_adds(height, width);
             },
             parts_.attention);
}

}  // namespace eyechart::encoders
