#include "probes/detection/set_matching.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/tensor.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "core/error.h"
#include "probes/detection/assignment.h"
#include "probes/detection/device_copy.h"

namespace eyechart::detection {
namespace {

// In place of a cost that is not finite: far above any that is.
constexpr double kForbidding = 1e6;
// Keeps the logarithms finite; the matchers' own.
constexpr double kFocalEpsilon = 1e-8;

struct Box {
  double x1, y1, x2, y2;
  double area() const { return (x2 - x1) * (y2 - y1); }
};

Box BoxOf(const float* box) {
  const double x = static_cast<double>(box[0]);
  const double y = static_cast<double>(box[1]);
  const double w = 0.5 * static_cast<double>(box[2]);
  const double h = 0.5 * static_cast<double>(box[3]);
  return {x - w, y - h, x + w, y + h};
}

double GeneralizedIouOf(const Box& a, const Box& b) {
  const double common =
      std::max(0.0, std::min(a.x2, b.x2) - std::max(a.x1, b.x1)) *
      std::max(0.0, std::min(a.y2, b.y2) - std::max(a.y1, b.y1));
  const double both = a.area() + b.area() - common;
  const double hull = (std::max(a.x2, b.x2) - std::min(a.x1, b.x1)) *
                      (std::max(a.y2, b.y2) - std::min(a.y1, b.y1));
  return common / both - (hull - both) / hull;
}

double ClassCost(float logit, const MatchCosts& costs) {
  const double p = 1 / (1 + std::exp(-static_cast<double>(logit)));
  const double absent = (1 - costs.alpha) * std::pow(p, costs.gamma) *
                        -std::log(1 - p + kFocalEpsilon);
  const double there =
      costs.alpha * std::pow(1 - p, costs.gamma) * -std::log(p + kFocalEpsilon);
  return there - absent;
}

// Costs of one picture's pairs, (q, n).
std::vector<double> CostsOf(const float* logits,
                            const float* boxes,
                            std::int64_t q,
                            std::int64_t classes,
                            const SetTargets& targets,
                            const MatchCosts& costs) {
  const std::int64_t n = targets.classes.size(0);
  const at::Tensor wanted = targets.boxes.contiguous();
  const at::Tensor named = targets.classes.contiguous();
  const auto* wanted_box = wanted.const_data_ptr<float>();
  const auto* wanted_class = named.const_data_ptr<std::int64_t>();
  std::vector<double> made;
  made.reserve(static_cast<std::size_t>(q * n));
  for (std::int64_t i = 0; i < q; ++i) {
    const float* box = boxes + 4 * i;
    for (std::int64_t j = 0; j < n; ++j) {
      double apart = 0;
      for (std::int64_t k = 0; k < 4; ++k)
        apart += std::abs(static_cast<double>(box[k]) -
                          static_cast<double>(wanted_box[4 * j + k]));
      const double cost =
          costs.classes *
              ClassCost(logits[i * classes + wanted_class[j]], costs) +
          costs.l1 * apart -
          costs.giou * GeneralizedIouOf(BoxOf(box), BoxOf(wanted_box + 4 * j));
      made.push_back(std::isfinite(cost) ? cost : kForbidding);
    }
  }
  return made;
}

}  // namespace

SetMatches MatchQueries(const SetPrediction& prediction,
                        const std::vector<SetTargets>& targets,
                        const MatchCosts& costs) {
  const std::int64_t b = prediction.logits.size(0);
  const std::int64_t q = prediction.logits.size(1);
  const std::int64_t k = prediction.logits.size(2);
  EYECHART_CHECK(b == static_cast<std::int64_t>(targets.size()),
                 "{} targets of {} pictures", targets.size(), b);
  const at::Tensor logits =
      prediction.logits.detach().to(at::kCPU, at::kFloat).contiguous();
  const at::Tensor boxes =
      prediction.boxes.detach().to(at::kCPU, at::kFloat).contiguous();
  std::vector<std::int64_t> rows;
  std::vector<at::Tensor> matched_boxes = {at::empty({0, 4}, at::kFloat)};
  std::vector<at::Tensor> matched_classes = {at::empty({0}, at::kLong)};
  for (std::int64_t i = 0; i < b; ++i) {
    const SetTargets& wanted = targets[static_cast<std::size_t>(i)];
    const std::int64_t n = wanted.classes.size(0);
    if (n == 0) continue;
    const Assignment found = CheapestAssignment(
        CostsOf(logits.const_data_ptr<float>() + i * q * k,
                boxes.const_data_ptr<float>() + i * q * 4, q, k, wanted, costs),
        q, n);
    for (const std::int64_t query : found.rows) rows.push_back(i * q + query);
    const at::Tensor objects = at::tensor(found.columns, at::kLong);
    matched_boxes.push_back(wanted.boxes.index_select(0, objects));
    matched_classes.push_back(wanted.classes.index_select(0, objects));
  }
  const auto device = prediction.logits.device();
  return {OnDevice(at::tensor(rows, at::kLong), device),
          OnDevice(at::cat(matched_boxes), device),
          OnDevice(at::cat(matched_classes), device)};
}

at::Tensor CornersOf(const at::Tensor& boxes) {
  const at::Tensor centre = boxes.narrow(-1, 0, 2);
  const at::Tensor half = boxes.narrow(-1, 2, 2) * 0.5;
  return at::cat({centre - half, centre + half}, -1);
}

}  // namespace eyechart::detection
