#include "probes/heads/logistic.h"

#include <ATen/ops/log_softmax.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/one_hot.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>
#include <torch/optim/lbfgs.h>

#include "core/error.h"

namespace eyechart::probes {
namespace {

// A column whose deviation is below this share of its size says nothing.
constexpr double kConstant = 1e-9;

}  // namespace

LogisticReadOut LogisticReadOut::Fit(const at::Tensor& features,
                                     const at::Tensor& labels,
                                     std::int64_t classes,
                                     const LogisticOptions& options) {
  EYECHART_CHECK(features.dim() == 2 && features.size(0) > 1 &&
                     labels.dim() == 1 && labels.size(0) == features.size(0),
                 "{} rows with {} labels", features.size(0), labels.numel());
  EYECHART_CHECK(options.c > 0, "C = {}", options.c);
  LogisticReadOut made;
  made.c_ = options.c;
  const at::Tensor x = features.to(at::kDouble);
  made.mean_ = x.mean(0);
  const at::Tensor deviation = x.std(0, /*unbiased=*/false);
  made.inverse_ =
      at::where(deviation > kConstant * (made.mean_.abs() + kConstant),
                deviation.clamp_min(kConstant * kConstant).reciprocal(), 0.0);
  const at::Tensor rows = (x - made.mean_) * made.inverse_;
  const at::Tensor truth = at::one_hot(labels, classes).to(at::kDouble);
  const double n = static_cast<double>(rows.size(0));
  const double penalty = 1 / (options.c * n);

  at::Tensor weights = at::zeros({rows.size(1), classes}, at::kDouble);
  at::Tensor bias = at::zeros({classes}, at::kDouble);
  torch::optim::LBFGS optimizer({weights, bias},
                                torch::optim::LBFGSOptions(1)
                                    .max_iter(options.max_iterations)
                                    .max_eval(2 * options.max_iterations)
                                    .tolerance_grad(options.tolerance)
                                    .tolerance_change(1e-12)
                                    .history_size(10)
                                    .line_search_fn("strong_wolfe"));
  // The gradient in closed form: recording a graph would cost more than it.
  optimizer.step([&] {
    const at::Tensor scores = at::matmul(rows, weights) + bias;
    const at::Tensor loss = -(at::log_softmax(scores, 1) * truth).sum() / n +
                            0.5 * penalty * weights.square().sum();
    const at::Tensor slope = (at::softmax(scores, 1) - truth) / n;
    weights.mutable_grad() = at::matmul(rows.t(), slope) + penalty * weights;
    bias.mutable_grad() = slope.sum(0);
    return loss;
  });
  made.weights_ = weights;
  made.bias_ = bias;
  return made;
}

at::Tensor LogisticReadOut::Scores(const at::Tensor& features) const {
  return at::matmul((features.to(at::kDouble) - mean_) * inverse_, weights_) +
         bias_;
}

LogisticReadOut FitSelected(const at::Tensor& features,
                            const at::Tensor& labels,
                            std::int64_t classes,
                            const at::Tensor& validation,
                            std::span<const double> grid) {
  EYECHART_CHECK(!grid.empty(), "no value of C");
  const at::Tensor held = validation.nonzero().flatten();
  const at::Tensor kept = validation.logical_not().nonzero().flatten();
  EYECHART_CHECK(held.numel() > 0 && kept.numel() > 1,
                 "{} rows to validate on, {} to fit", held.numel(),
                 kept.numel());
  LogisticOptions best;
  std::int64_t most = -1;
  for (const double c : grid) {
    LogisticOptions options;
    options.c = c;
    const LogisticReadOut fitted =
        LogisticReadOut::Fit(features.index_select(0, kept),
                             labels.index_select(0, kept), classes, options);
    const std::int64_t right =
        (fitted.Scores(features.index_select(0, held)).argmax(1) ==
         labels.index_select(0, held))
            .sum()
            .item<std::int64_t>();
    if (right <= most) continue;
    most = right;
    best = options;
  }
  return LogisticReadOut::Fit(features, labels, classes, best);
}

}  // namespace eyechart::probes
