#include "probes/mixture/mixture_grid.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/bmm.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/tensor.h>
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

// Values of attention (pictures x tokens x heads of the grid) at a time; the
// graph keeps a few such tensors.
constexpr std::int64_t kChunkValues = std::int64_t{1} << 22;
constexpr std::int64_t kDeviceChunkValues = std::int64_t{1} << 26;  // a GPU's

// In the order in which the constructor adds them.
enum Stack : std::size_t {
  kAdapter1,
  kBias1,
  kAdapter2,
  kBias2,
  kKey,
  kValue,
  kQuery,
  kLinear,
  kStacks,
};

// Where a head's tokens are pooled: which of the grid's heads are of a form.
struct Form {
  bool interleaved = false;
  bool attentive = true;
  at::Tensor index;  // (g) int64, places in the grid
  at::Tensor alpha;  // (g, 1, 1)
};

class MixtureGrid final : public HeadGrid {
 public:
  explicit MixtureGrid(const MixtureGridOptions& options)
      : options_(options),
        count_(static_cast<std::int64_t>(options.points.size())),
        part_(options.width / std::max<std::int64_t>(options.heads, 1)),
        heads_(RatesOf(options),
               options.first_width + options.second_width,
               options.device) {
    EYECHART_CHECK(count_ > 0 && options.outputs > 0 && options.heads > 0 &&
                       part_ * options.heads == options.width,
                   "{} attention heads on width {}", options.heads,
                   options.width);
    const std::int64_t d = options.width;
    const std::uint64_t seed = options.seed;
    heads_.Add("adapter1", XavierValues({d, options.first_width}, seed, 10));
    heads_.Add("bias1", at::zeros({d}));
    heads_.Add("adapter2", XavierValues({d, options.second_width}, seed, 11));
    heads_.Add("bias2", at::zeros({d}));
    heads_.Add("key", XavierValues({d, d}, seed, 12));
    heads_.Add("value", XavierValues({d, d}, seed, 13));
    heads_.Add("query", NormalValues({d}, 0.02, seed, 14));
    heads_.Add("linear", XavierValues({options.outputs, d}, seed, 15));
    heads_.RequireSlopes();
    MakeForms();
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
    for (std::size_t i = 0; i < kStacks; ++i)
      heads_.stack(i).mutable_grad() = at::Tensor();
    at::Tensor loss = at::zeros({count_}, mean.options());
    const std::int64_t chunk = Chunk(x);
    const at::AutoGradMode record(true);
    for (std::int64_t begin = 0; begin < x.size(0); begin += chunk) {
      const std::int64_t n = std::min(chunk, x.size(0) - begin);
      const at::Tensor scores = Forward(x.narrow(0, begin, n), mean, inverse);
      Targets part = targets;
      part.values = targets.values.narrow(0, begin, n);
      const double share =
          static_cast<double>(n) / static_cast<double>(x.size(0));
      LossSlope found = SlopeOf(scores.detach(), part);
      loss += found.loss * share;
      scores.backward(found.slope * share);
    }
    Update(step);
    return loss;
  }

  at::Tensor Scores(const at::Tensor& given) const override {
    RequireTokens(given);
    const FullPrecision precision(options_.device);
    const at::Tensor x = OnDevice(given, options_.device);
    const at::NoGradGuard frozen;
    const auto [mean, inverse] = heads_.Running();
    std::vector<at::Tensor> scores;
    const std::int64_t chunk = Chunk(x);
    for (std::int64_t begin = 0; begin < x.size(0); begin += chunk)
      scores.push_back(
          Forward(x.narrow(0, begin, std::min(chunk, x.size(0) - begin)), mean,
                  inverse));
    return at::cat(scores, 1);
  }

  NamedTensors State() override { return heads_.State(); }

  NamedTensors Head(std::int64_t point) const override {
    return heads_.Head(point);
  }

 private:
  static std::vector<HeadRate> RatesOf(const MixtureGridOptions& options) {
    std::vector<HeadRate> rates;
    for (const MixturePoint& point : options.points)
      rates.push_back({point.rate, point.decay});
    return rates;
  }

  void RequireTokens(const at::Tensor& x) const {
    EYECHART_CHECK(x.dim() == 3 && x.size(2) == options_.first_width +
                                                    options_.second_width,
                   "tokens of width {} for {} + {}", x.size(-1),
                   options_.first_width, options_.second_width);
  }

  std::int64_t Chunk(const at::Tensor& x) const {
    const std::int64_t all = count_ * options_.heads;
    if (x.is_cpu())
      return std::max<std::int64_t>(1, kChunkValues / (x.size(1) * all));
    // What is pooled and adapted can be more than the attention.
    return std::max<std::int64_t>(
        1, kDeviceChunkValues /
               (std::max({x.size(1), x.size(2), options_.width}) * all));
  }

  void MakeForms() {
    for (const bool interleaved : {false, true}) {
      for (const bool attentive : {true, false}) {
        std::vector<std::int64_t> index;
        std::vector<double> alpha;
        for (std::size_t i = 0; i < options_.points.size(); ++i) {
          const MixturePoint& point = options_.points[i];
          if (point.interleaved != interleaved || point.attentive != attentive)
            continue;
          index.push_back(static_cast<std::int64_t>(i));
          alpha.push_back(point.alpha);
        }
        if (index.empty()) continue;
        forms_.push_back(
            {interleaved, attentive,
             OnDevice(at::tensor(index, at::kLong), options_.device),
             FloatsOn(alpha, options_.device).view({-1, 1, 1})});
      }
    }
  }

  // The parameters of the heads of a form.
  std::array<at::Tensor, kStacks> Take(const Form& form) const {
    std::array<at::Tensor, kStacks> taken;
    for (std::size_t i = 0; i < kStacks; ++i)
      taken[i] = heads_.stack(i).index_select(0, form.index);
    return taken;
  }

  // (G, b, K), in the grid's order.
  at::Tensor Forward(const at::Tensor& x,
                     const at::Tensor& mean,
                     const at::Tensor& inverse) const {
    const at::Tensor normed = (x - mean) * inverse;
    const std::int64_t c1 = options_.first_width;
    const at::Tensor x1 = normed.narrow(2, 0, c1).contiguous();
    const at::Tensor x2 =
        normed.narrow(2, c1, options_.second_width).contiguous();
    std::vector<at::Tensor> scores;
    std::vector<at::Tensor> index;
    for (const Form& form : forms_) {
      const std::array<at::Tensor, kStacks> p = Take(form);
      scores.push_back(form.attentive ? Attentive(form, p, x1, x2)
                                      : Mean(form, p, x1, x2));
      index.push_back(form.index);
    }
    return at::cat(scores).index_select(0, at::cat(index).argsort());
  }

  // A (g, D, C) on pooled rows of its own for each head: (g, b, C) -> (g, b,
  // D).
  static at::Tensor Adapt(const at::Tensor& rows,
                          const at::Tensor& adapter,
                          const at::Tensor& bias) {
    return at::bmm(rows, adapter.transpose(1, 2)) + bias.unsqueeze(1);
  }

  at::Tensor Mean(const Form& form,
                  const std::array<at::Tensor, kStacks>& p,
                  const at::Tensor& x1,
                  const at::Tensor& x2) const {
    const std::int64_t g = form.index.size(0);
    const at::Tensor one = Adapt(x1.mean(1).unsqueeze(0).expand({g, -1, -1}),
                                 p[kAdapter1], p[kBias1]);
    const at::Tensor two = Adapt(x2.mean(1).unsqueeze(0).expand({g, -1, -1}),
                                 p[kAdapter2], p[kBias2]);
    const at::Tensor mixed = form.interleaved
                                 ? (one + two) * 0.5
                                 : one * form.alpha + two * (1 - form.alpha);
    return at::bmm(mixed, p[kLinear].transpose(1, 2));
  }

  at::Tensor Attentive(const Form& form,
                       const std::array<at::Tensor, kStacks>& p,
                       const at::Tensor& x1,
                       const at::Tensor& x2) const {
    const std::int64_t g = form.index.size(0);
    const std::int64_t h = options_.heads;
    const std::int64_t n = x1.size(1);
    const std::int64_t b = x1.size(0);
    const std::int64_t d = options_.width;
    // K^T q of every attention head, (g, h, D), and through the adapters.
    const at::Tensor folded = (at::bmm(p[kQuery].reshape({g * h, 1, part_}),
                                       p[kKey].reshape({g * h, part_, d})) /
                               std::sqrt(static_cast<double>(part_)))
                                  .view({g, h, d});
    const at::Tensor s1 = Scored(x1, at::bmm(folded, p[kAdapter1]));
    const at::Tensor s2 = Scored(x2, at::bmm(folded, p[kAdapter2]));
    at::Tensor values;  // (g, h, b, D): pooled tokens behind the adapters
    if (form.interleaved) {
      const at::Tensor c1 = at::bmm(folded, p[kBias1].unsqueeze(2));
      const at::Tensor c2 = at::bmm(folded, p[kBias2].unsqueeze(2));
      const at::Tensor both = at::softmax(
          at::cat({s1 + c1.view({g * h}), s2 + c2.view({g * h})}, 1), 1);
      const at::Tensor a1 = both.narrow(1, 0, n);
      const at::Tensor a2 = both.narrow(1, n, n);
      values = Part(a1, x1, p[kAdapter1], p[kBias1], g) +
               Part(a2, x2, p[kAdapter2], p[kBias2], g);
    } else {
      // (g, h) shares as a column a head.
      const at::Tensor alpha =
          form.alpha.view({g, 1}).expand({g, h}).reshape({g * h});
      const at::Tensor a = at::softmax(s1 * alpha + s2 * (1 - alpha), 1);
      const at::Tensor wide = form.alpha.unsqueeze(3);
      values = Part(a, x1, p[kAdapter1], p[kBias1], g) * wide +
               Part(a, x2, p[kAdapter2], p[kBias2], g) * (1 - wide);
    }
    // Each attention head's part of the value projection.
    const at::Tensor parts =
        at::bmm(values.reshape({g * h, b, d}),
                p[kValue].reshape({g * h, part_, d}).transpose(1, 2));
    const at::Tensor joined =
        parts.view({g, h, b, part_}).transpose(1, 2).reshape({g, b, d});
    return at::bmm(joined, p[kLinear].transpose(1, 2));
  }

  // Tokens (b, N, C) against directions (g, h, C): (b, N, g h).
  static at::Tensor Scored(const at::Tensor& x, const at::Tensor& directions) {
    return at::matmul(x, directions.flatten(0, 1).t());
  }

  // Attention (b, N, g h) pools tokens (b, N, C); then the adapter: (g, h, b,
  // D). The bias counts by the attention that these tokens have.
  at::Tensor Part(const at::Tensor& attention,
                  const at::Tensor& x,
                  const at::Tensor& adapter,
                  const at::Tensor& bias,
                  std::int64_t g) const {
    const std::int64_t h = options_.heads;
    const std::int64_t b = x.size(0);
    const at::Tensor pooled = at::bmm(attention.transpose(1, 2), x)
                                  .transpose(0, 1)
                                  .reshape({g, h * b, x.size(2)});
    const at::Tensor weight =
        attention.sum(1).t().reshape({g, h, b, 1});  // (g, h, b, 1)
    return at::bmm(pooled, adapter.transpose(1, 2))
               .view({g, h, b, options_.width}) +
           weight * bias.view({g, 1, 1, options_.width});
  }

  void Update(std::int64_t step) {
    std::vector<at::Tensor> slopes;
    for (std::size_t i = 0; i < kStacks; ++i) {
      const at::Tensor& grad = heads_.stack(i).grad();
      slopes.push_back(
          grad.defined() ? grad : at::zeros_like(heads_.stack(i).detach()));
    }
    heads_.Update(slopes, options_.schedule, options_.clip, step);
  }

  MixtureGridOptions options_;
  std::int64_t count_;  // G
  std::int64_t part_;   // D / heads
  StackedHeads heads_;
  std::vector<Form> forms_;
};

}  // namespace

std::unique_ptr<HeadGrid> CreateMixtureGrid(const MixtureGridOptions& options) {
  return std::make_unique<MixtureGrid>(options);
}

}  // namespace eyechart::probes
