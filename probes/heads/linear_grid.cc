#include "probes/heads/linear_grid.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

#include <span>

#include "core/error.h"
#include "probes/heads/device_tensors.h"
#include "probes/heads/optimizers.h"
#include "probes/heads/start_values.h"

namespace eyechart::probes {
namespace {

// Heads that read the same columns.
struct Group {
  explicit Group(const Columns& read) : columns(read) {}

  Columns columns;
  std::vector<double> peaks;  // rates, one a head
  at::Tensor weight;          // (G, K, d)
  at::Tensor bias;            // (G, K)
  at::Tensor weight_velocity;
  at::Tensor bias_velocity;

  std::int64_t size() const { return weight.size(0); }
};

class LinearGrid final : public HeadGrid {
 public:
  explicit LinearGrid(const LinearGridOptions& options) : options_(options) {
    EYECHART_CHECK(!options.points.empty() && options.outputs > 0,
                   "{} heads of {} outputs", options.points.size(),
                   options.outputs);
    for (const LinearPoint& point : options.points) {
      if (groups_.empty() || groups_.back().columns != point.columns)
        groups_.emplace_back(point.columns);
      groups_.back().peaks.push_back(point.rate);
    }
    for (Group& group : groups_) {
      const auto heads = static_cast<std::int64_t>(group.peaks.size());
      const std::int64_t k = options.outputs;
      // A stream that the other columns of the grid have no part in.
      const auto stream = static_cast<std::uint64_t>(
          (group.columns.begin << 32) ^ group.columns.count);
      group.weight =
          OnDevice(NormalValues({1, k, group.columns.count}, options.deviation,
                                options.seed, stream),
                   options.device)
              .repeat({heads, 1, 1});
      group.bias = at::zeros({heads, k}, group.weight.options());
      group.weight_velocity = at::zeros_like(group.weight);
      group.bias_velocity = at::zeros_like(group.bias);
    }
  }

  std::int64_t size() const override {
    return static_cast<std::int64_t>(options_.points.size());
  }

  at::Tensor Step(const at::Tensor& given,
                  const Targets& given_targets,
                  std::int64_t step) override {
    const FullPrecision precision(options_.device);
    const at::Tensor x = OnDevice(given, options_.device);
    const Targets targets = given_targets.On(options_.device);
    std::vector<at::Tensor> losses;
    for (Group& group : groups_) {
      const at::Tensor rows = Read(group, x);
      const LossSlope found = SlopeOf(GroupScores(group, rows), targets);
      losses.push_back(found.loss);
      std::vector<double> rates;
      for (const double peak : group.peaks)
        rates.push_back(RateAt(options_.schedule, peak, step));
      // (G, B, K) to (G K, B), so that one product makes all heads' slopes.
      const at::Tensor slope =
          found.slope.transpose(1, 2).reshape({-1, rows.size(0)});
      SgdStep({group.weight, at::matmul(slope, rows).view_as(group.weight)},
              group.weight_velocity, rates, options_.momentum);
      SgdStep({group.bias, found.slope.sum(1)}, group.bias_velocity, rates,
              options_.momentum);
    }
    return at::cat(losses);
  }

  at::Tensor Scores(const at::Tensor& given) const override {
    const FullPrecision precision(options_.device);
    const at::Tensor x = OnDevice(given, options_.device);
    std::vector<at::Tensor> scores;
    for (const Group& group : groups_)
      scores.push_back(GroupScores(group, Read(group, x)));
    return at::cat(scores);
  }

  NamedTensors State() override {
    NamedTensors state;
    for (std::size_t i = 0; i < groups_.size(); ++i) {
      const std::string prefix = fmt::format("{}.", i);
      state.emplace_back(prefix + "weight", groups_[i].weight);
      state.emplace_back(prefix + "bias", groups_[i].bias);
      state.emplace_back(prefix + "weight_velocity",
                         groups_[i].weight_velocity);
      state.emplace_back(prefix + "bias_velocity", groups_[i].bias_velocity);
    }
    return state;
  }

  NamedTensors Head(std::int64_t point) const override {
    for (const Group& group : groups_) {
      if (point < group.size())
        return {{"weight", HostCopy(group.weight[point])},
                {"bias", HostCopy(group.bias[point])}};
      point -= group.size();
    }
    EYECHART_CHECK(false, "no head {} more", point);
    return {};
  }

 private:
  static at::Tensor Read(const Group& group, const at::Tensor& x) {
    EYECHART_CHECK(
        x.dim() == 2 && group.columns.begin + group.columns.count <= x.size(1),
        "rows of {} values, columns up to {} are read", x.size(-1),
        group.columns.begin + group.columns.count);
    return x.narrow(1, group.columns.begin, group.columns.count);
  }

  static at::Tensor GroupScores(const Group& group, const at::Tensor& rows) {
    const std::int64_t k = group.bias.size(1);
    return at::matmul(rows, group.weight.view({-1, rows.size(1)}).t())
        .view({rows.size(0), group.size(), k})
        .transpose(0, 1)
        .contiguous()
        .add_(group.bias.unsqueeze(1));
  }

  LinearGridOptions options_;
  std::vector<Group> groups_;
};

}  // namespace

std::unique_ptr<HeadGrid> CreateLinearGrid(const LinearGridOptions& options) {
  return std::make_unique<LinearGrid>(options);
}

}  // namespace eyechart::probes
