#include "probes/heads/attentive_grid.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/bmm.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "core/error.h"
#include "probes/heads/device_tensors.h"
#include "probes/heads/stacked_heads.h"
#include "probes/heads/start_values.h"

namespace eyechart::probes {
namespace {

// Values of attention (pictures x tokens x heads of the grid) at a time: few
// enough to stay in cache beside the tokens, enough for a whole product.
constexpr std::int64_t kChunkValues = std::int64_t{1} << 22;
// On a GPU there is no such cache, and memory sets the bound: 256 MiB a tensor.
constexpr std::int64_t kDeviceChunkValues = std::int64_t{1} << 26;

// What the slopes of a batch are made from, kept from the forward pass.
struct Pass {
  at::Tensor attention;  // (b, T, GH)
  at::Tensor pooled;     // (GH, b, C), normed
  at::Tensor values;     // (G, b, C)
  at::Tensor scores;     // (G, b, K)
};

class AttentiveGrid final : public HeadGrid {
 public:
  explicit AttentiveGrid(const AttentiveGridOptions& options)
      : options_(options),
        count_(static_cast<std::int64_t>(options.points.size())),
        part_(options.width / std::max<std::int64_t>(options.heads, 1)),
        heads_(RatesOf(options), options.width, options.device) {
    EYECHART_CHECK(count_ > 0 && options.outputs > 0 && options.heads > 0 &&
                       part_ * options.heads == options.width,
                   "{} attention heads on width {}", options.heads,
                   options.width);
    const std::int64_t c = options.width;
    heads_.Add("key", XavierValues({c, c}, options.seed, 0));
    heads_.Add("value", XavierValues({c, c}, options.seed, 1));
    heads_.Add("query", NormalValues({1, c}, 0.02, options.seed, 2).view({c}));
    heads_.Add("linear", XavierValues({options.outputs, c}, options.seed, 3));
  }

  std::int64_t size() const override { return count_; }

  at::Tensor Step(const at::Tensor& given,
                  const Targets& given_targets,
                  std::int64_t step) override {
    RequireTokens(given);
    const FullPrecision precision(options_.device);
    const at::Tensor x = OnDevice(given, options_.device);
    const Targets targets = given_targets.On(options_.device);
    const auto [mean, inverse] = heads_.Observe(x);
    std::array<at::Tensor, kStacks> slopes;
    for (std::size_t i = 0; i < kStacks; ++i)
      slopes[i] = at::zeros_like(heads_.stack(i));
    const at::Tensor folded = Folded() * inverse;
    at::Tensor folded_slope = at::zeros_like(folded);
    at::Tensor loss = at::zeros({count_}, folded.options());
    const std::int64_t chunk = Chunk(x);
    for (std::int64_t begin = 0; begin < x.size(0); begin += chunk) {
      const std::int64_t n = std::min(chunk, x.size(0) - begin);
      const at::Tensor tokens = x.narrow(0, begin, n);
      const Pass pass = Forward(tokens, folded, mean, inverse);
      Targets part = targets;
      part.values = targets.values.narrow(0, begin, n);
      LossSlope found = SlopeOf(pass.scores, part);
      // Means over the chunk become shares of the mean over the batch.
      const double share =
          static_cast<double>(n) / static_cast<double>(x.size(0));
      loss += found.loss * share;
      Backward(tokens, pass, found.slope * share, inverse, slopes,
               folded_slope);
    }
    Unfold(folded_slope * inverse, slopes);
    heads_.Update(slopes, options_.schedule, options_.clip, step);
    return loss;
  }

  at::Tensor Scores(const at::Tensor& given) const override {
    RequireTokens(given);
    const FullPrecision precision(options_.device);
    const at::Tensor x = OnDevice(given, options_.device);
    const auto [mean, inverse] = heads_.Running();
    const at::Tensor folded = Folded() * inverse;
    std::vector<at::Tensor> scores;
    const std::int64_t chunk = Chunk(x);
    for (std::int64_t begin = 0; begin < x.size(0); begin += chunk)
      scores.push_back(
          Forward(x.narrow(0, begin, std::min(chunk, x.size(0) - begin)),
                  folded, mean, inverse)
              .scores);
    return at::cat(scores, 1);
  }

  NamedTensors State() override { return heads_.State(); }

  NamedTensors Head(std::int64_t point) const override {
    return heads_.Head(point);
  }

 private:
  enum Stack : std::size_t { kKey, kValue, kQuery, kLinear, kStacks };

  static std::vector<HeadRate> RatesOf(const AttentiveGridOptions& options) {
    std::vector<HeadRate> rates;
    for (const AttentivePoint& point : options.points)
      rates.push_back({point.rate, point.decay});
    return rates;
  }

  const at::Tensor& key() const { return heads_.stack(kKey); }
  const at::Tensor& value() const { return heads_.stack(kValue); }
  const at::Tensor& query() const { return heads_.stack(kQuery); }
  const at::Tensor& linear() const { return heads_.stack(kLinear); }

  void RequireTokens(const at::Tensor& x) const {
    EYECHART_CHECK(x.dim() == 3 && x.size(2) == options_.width,
                   "tokens of width {} for heads of width {}", x.size(-1),
                   options_.width);
  }

  std::int64_t Chunk(const at::Tensor& x) const {
    const std::int64_t all = count_ * options_.heads;
    if (x.is_cpu())
      return std::max<std::int64_t>(1, kChunkValues / (x.size(1) * all));
    // What is pooled can be more than the attention.
    return std::max<std::int64_t>(
        1, kDeviceChunkValues / (std::max(x.size(1), options_.width) * all));
  }

  // K^T q of every attention head, with attention's scale: (GH, C).
  at::Tensor Folded() const {
    const std::int64_t all = count_ * options_.heads;
    return at::bmm(query().view({all, 1, part_}),
                   key().view({all, part_, options_.width}))
        .view({all, options_.width})
        .div_(std::sqrt(static_cast<double>(part_)));
  }

  Pass Forward(const at::Tensor& tokens,
               const at::Tensor& folded,
               const at::Tensor& mean,
               const at::Tensor& inverse) const {
    const std::int64_t n = tokens.size(0);
    const std::int64_t c = options_.width;
    const std::int64_t all = count_ * options_.heads;
    Pass pass;
    pass.attention = at::softmax(at::matmul(tokens, folded.t()), 1);
    pass.pooled = at::bmm(pass.attention.transpose(1, 2), tokens)
                      .sub_(mean)
                      .mul_(inverse)
                      .transpose(0, 1)
                      .contiguous();
    // Each attention head's part of the values: (GH, b, C / H).
    const at::Tensor parts =
        at::bmm(pass.pooled, value().view({all, part_, c}).transpose(1, 2));
    pass.values = parts.view({count_, options_.heads, n, part_})
                      .transpose(1, 2)
                      .reshape({count_, n, c});
    pass.scores = at::bmm(pass.values, linear().transpose(1, 2));
    return pass;
  }

  // Adds the slopes of a chunk; `slope` (G, b, K) is that of its scores.
  void Backward(const at::Tensor& tokens,
                const Pass& pass,
                const at::Tensor& slope,
                const at::Tensor& inverse,
                std::array<at::Tensor, kStacks>& slopes,
                at::Tensor& folded_slope) const {
    const std::int64_t n = tokens.size(0);
    const std::int64_t c = options_.width;
    const std::int64_t all = count_ * options_.heads;
    slopes[kLinear] += at::bmm(slope.transpose(1, 2), pass.values);
    const at::Tensor parts = at::bmm(slope, linear())
                                 .view({count_, n, options_.heads, part_})
                                 .transpose(1, 2)
                                 .reshape({all, n, part_});
    slopes[kValue].view({all, part_, c}) +=
        at::bmm(parts.transpose(1, 2), pass.pooled);
    // Of what attention pooled, before the norm's shift and scale: (b, GH, C).
    const at::Tensor pooled = at::bmm(parts, value().view({all, part_, c}))
                                  .mul_(inverse)
                                  .transpose(0, 1)
                                  .contiguous();
    at::Tensor weights = at::bmm(tokens, pooled.transpose(1, 2));
    // Through the softmax over tokens: a (w - sum of a w).
    weights.sub_((weights * pass.attention).sum(1, /*keepdim=*/true))
        .mul_(pass.attention);
    folded_slope +=
        at::matmul(weights.view({-1, all}).t(), tokens.reshape({-1, c}));
  }

  // From K^T q to K and q; `folded` (GH, C) is the slope of Folded().
  void Unfold(const at::Tensor& folded,
              std::array<at::Tensor, kStacks>& slopes) const {
    const std::int64_t c = options_.width;
    const std::int64_t all = count_ * options_.heads;
    const at::Tensor scaled =
        (folded / std::sqrt(static_cast<double>(part_))).view({all, 1, c});
    slopes[kKey] =
        at::bmm(query().view({all, part_, 1}), scaled).view_as(key());
    slopes[kQuery] =
        at::bmm(key().view({all, part_, c}), scaled.transpose(1, 2))
            .view_as(query());
  }

  AttentiveGridOptions options_;
  std::int64_t count_;  // G
  std::int64_t part_;   // C / H
  StackedHeads heads_;  // key, value (G, C, C), query (G, C), linear (G, K, C)
};

}  // namespace

std::unique_ptr<HeadGrid> CreateAttentiveGrid(
    const AttentiveGridOptions& options) {
  return std::make_unique<AttentiveGrid>(options);
}

std::int64_t HeadCount(std::int64_t width) {
  for (std::int64_t heads = 12; heads > 1; --heads)
    if (width % heads == 0) return heads;
  return 1;
}

}  // namespace eyechart::probes
