#include "probes/heads/label_scores.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <utility>

#include "core/error.h"

namespace eyechart::probes {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

// `items` are scores with their truths.
double AveragePrecision(std::vector<std::pair<double, bool>>& items,
                        std::int64_t positives) {
  if (positives == 0) return kNone;
  std::sort(items.begin(), items.end(),
            [](const auto& a, const auto& b) { return a.first > b.first; });
  double sum = 0;
  std::int64_t found = 0;
  for (std::size_t begin = 0; begin < items.size();) {
    const std::int64_t before = found;
    std::size_t end = begin;
    for (; end < items.size() && items[end].first == items[begin].first; ++end)
      found += items[end].second;
    sum += static_cast<double>(found - before) * static_cast<double>(found) /
           static_cast<double>(end);
    begin = end;
  }
  return sum / static_cast<double>(positives);
}

}  // namespace

LabelScores ScoreLabels(const at::Tensor& scores, const at::Tensor& truth) {
  EYECHART_CHECK(scores.dim() == 2 && truth.dim() == 2 &&
                     scores.sizes() == truth.sizes() && scores.size(0) > 0 &&
                     scores.size(1) > 0,
                 "{} scores with {} truths", scores.numel(), truth.numel());
  LabelScores made;
  made.items = scores.size(0);
  made.labels = scores.size(1);
  double sum = 0;
  std::vector<std::pair<double, bool>> items;
  for (std::int64_t k = 0; k < made.labels; ++k) {
    const at::Tensor column =
        scores.select(1, k).to(at::kCPU, at::kDouble).contiguous();
    const at::Tensor is =
        truth.select(1, k).to(at::kCPU, at::kDouble).contiguous();
    LabelPrecision label;
    items.clear();
    for (std::int64_t i = 0; i < made.items; ++i) {
      const double score = column.const_data_ptr<double>()[i];
      const double one = is.const_data_ptr<double>()[i];
      EYECHART_CHECK(std::isfinite(score),
                     "item {}: the score of label {} is "
                     "{}",
                     i, k, score);
      EYECHART_CHECK(one == 0 || one == 1,
                     "item {}: the truth of label {} is "
                     "{}",
                     i, k, one);
      label.positives += one == 1;
      items.emplace_back(score, one == 1);
    }
    label.average_precision = AveragePrecision(items, label.positives);
    if (label.positives > 0)
      sum += label.average_precision;
    else
      ++made.empty_labels;
    made.per_label.push_back(label);
  }
  const std::int64_t counted = made.labels - made.empty_labels;
  made.mean_average_precision =
      counted == 0 ? kNone : sum / static_cast<double>(counted);
  return made;
}

}  // namespace eyechart::probes
