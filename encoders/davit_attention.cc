#include "encoders/davit_attention.h"

#include <ATen/ops/baddbmm.h>
#include <ATen/ops/bmm.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/zeros.h>

#include <cmath>

#include "encoders/attention.h"
#include "encoders/rounding.h"

namespace eyechart::encoders {
namespace {

// A map of whole windows, (B, rows s, columns s, C), with its windows' cells
// apart: (B, rows, columns, s, s, C). A view.
at::Tensor Windows(const at::Tensor& map, std::int64_t s) {
  return map
      .view({map.size(0), map.size(1) / s, s, map.size(2) / s, s, map.size(3)})
      .permute({0, 1, 3, 2, 4, 5});
}

}  // namespace

WindowAttention::WindowAttention(const DavitAttentionWeights& weights,
                                 std::int64_t heads,
                                 std::int64_t window,
                                 const Placement& placement)
    : qkv_(weights.qkv_weight, weights.qkv_bias, placement),
      out_(weights.out_weight, weights.out_bias, placement),
      heads_(heads),
      window_(window) {}

at::Tensor WindowAttention::ForwardAdd(const at::Tensor& normed,
                                       at::Tensor residual) const {
  const std::int64_t batch = normed.size(0);
  const std::int64_t height = normed.size(1);
  const std::int64_t width = normed.size(2);
  const std::int64_t c = normed.size(3);
  const std::int64_t padded_height = RoundUp(height, window_);
  const std::int64_t padded_width = RoundUp(width, window_);
  const bool whole = padded_height == height && padded_width == width;
  at::Tensor map = normed;
  if (!whole) {
    map = at::zeros({batch, padded_height, padded_width, c}, normed.options());
    map.narrow(1, 0, height).narrow(2, 0, width).copy_(normed);
  }

  const std::int64_t cells = window_ * window_;
  const at::Tensor qkv =
      qkv_.Forward(Windows(map, window_).reshape({-1, cells, c}))
          .view({-1, cells, 3, heads_, c / heads_})
          .permute({2, 0, 3, 1, 4});
  const at::Tensor mixed = DotProductAttention(qkv[0], qkv[1], qkv[2]);
  // Back into the map's order, and added, in one pass.
  const at::Tensor out =
      out_.Forward(mixed).view({batch, padded_height / window_,
                                padded_width / window_, window_, window_, c});
  if (whole) {
    Windows(residual, window_).add_(out);
  } else {
    const at::Tensor merged =
        out.permute({0, 1, 3, 2, 4, 5})
            .reshape({batch, padded_height, padded_width, c});
    residual.add_(merged.narrow(1, 0, height).narrow(2, 0, width));
  }
  return residual;
}

double WindowAttention::multiply_adds(std::int64_t height,
                                      std::int64_t width) const {
  const auto tokens =
      static_cast<double>(RoundUp(height, window_) * RoundUp(width, window_));
  const auto linear =
      static_cast<double>(qkv_.multiply_adds() + out_.multiply_adds());
  const double c = std::sqrt(static_cast<double>(out_.multiply_adds()));
  // The projections; q k^T and the weighted sum of v within a window.
  return tokens * (linear + 2 * static_cast<double>(window_ * window_) * c);
}

ChannelAttention::ChannelAttention(const DavitAttentionWeights& weights,
                                   std::int64_t groups,
                                   const Placement& placement)
    : qkv_(weights.qkv_weight, weights.qkv_bias, placement),
      out_(weights.out_weight, weights.out_bias, placement),
      groups_(groups) {}

at::Tensor ChannelAttention::ForwardAdd(const at::Tensor& normed,
                                        const at::Tensor& residual) const {
  const std::int64_t batch = normed.size(0);
  const std::int64_t cells = normed.size(1) * normed.size(2);
  const std::int64_t c = normed.size(3);
  const std::int64_t width = c / groups_;
  const at::Tensor all = qkv_.Forward(normed);
  const at::Tensor mixed = at::empty_like(normed);
  const at::Tensor zeros = at::zeros({groups_, width, width}, all.options());
  // Picture by picture: groups then lie at one stride, and are multiplied where
  // they stand.
  for (std::int64_t i = 0; i < batch; ++i) {
    const at::Tensor qkv = all[i]
                               .view({cells, 3, groups_, width})
                               .permute({1, 2, 0, 3});  // (3, groups, cells, w)
    // Scaled inside the product: a sum over all cells can exceed fp16.
    const at::Tensor scores =
        at::baddbmm(zeros, qkv[0].transpose(1, 2), qkv[1], /*beta=*/0,
                    /*alpha=*/1 / std::sqrt(static_cast<double>(cells)));
    const at::Tensor shares = at::softmax(scores, -1);
    mixed[i]
        .view({cells, groups_, width})
        .copy_(at::bmm(qkv[2], shares.transpose(1, 2)).transpose(0, 1));
  }
  return out_.ForwardAdd(mixed, residual);
}

double ChannelAttention::multiply_adds(std::int64_t height,
                                       std::int64_t width) const {
  const auto cells = static_cast<double>(height * width);
  const auto linear =
      static_cast<double>(qkv_.multiply_adds() + out_.multiply_adds());
  // The projections; q^T k and the weighted sum of v: C times a group's width.
  return cells * (linear + 2 * static_cast<double>(out_.multiply_adds()) /
                               static_cast<double>(groups_));
}

}  // namespace eyechart::encoders
