#include "probes/detection/evaluation/accumulate.h"

#include <algorithm>

#include "probes/detection/evaluation/area_curves.h"
#include "probes/detection/evaluation/summary.h"

namespace eyechart::detection {

const std::array<double, kRecallPoints>& RecallPoints() {
  static const std::array<double, kRecallPoints> points = [] {
    std::array<double, kRecallPoints> made{};
    const std::vector<double> values = Linspace(0, 1, kRecallPoints);
    std::copy(values.begin(), values.end(), made.begin());
    return made;
  }();
  return points;
}

int LastPoint(double recall) {
  const std::array<double, kRecallPoints>& points = RecallPoints();
  constexpr int kLast = kRecallPoints - 1;
  // Right but for rounding.
  int r = std::clamp(static_cast<int>(recall * kLast), 0, kLast);
  while (r > 0 && points[static_cast<std::size_t>(r)] > recall) --r;
  while (r < kLast && points[static_cast<std::size_t>(r + 1)] <= recall) ++r;
  return r;
}

void Curve::Finish(std::span<double> precision) const {
  double best = 0;
  for (int r = kRecallPoints - 1; r >= 0; --r) {
    const auto at = static_cast<std::size_t>(r);
    best = std::max(best, best_[at]);
    precision[at] = best;
  }
}

std::vector<bool> CurvesWanted(const EvaluationOptions& options) {
  std::vector<bool> wanted(options.max_detections.size(), options.all_curves);
  for (const std::size_t m : SummaryNumbers(options)) wanted[m] = true;
  return wanted;
}

namespace {

template <typename Weight>
void AccumulateBy(const CategoryMatches& matches,
                  const Column<double>* scores,
                  std::size_t k,
                  const Weight& weight,
                  Evaluation& made) {
  for (std::size_t a = 0; a < made.areas(); ++a) {
    std::int64_t positives = 0;
    for (std::size_t i = 0; i < matches.truth_image.size(); ++i)
      if ((matches.truth_ignored[i] >> a & 1) == 0)
        positives += weight(matches.truth_image[i]);
    if (positives == 0) continue;  // -1, as it stands
    AreaCurves curves(matches, a, made.options, scores);
    curves.Run(positives, weight);
    for (std::size_t m = 0; m < made.numbers(); ++m)
      for (std::size_t t = 0; t < made.thresholds(); ++t) {
        const std::size_t cell = made.Cell(t, k, a, m);
        made.recall[cell] = curves.Recall(m, t);
        if (!curves.has_curve(m)) continue;
        const std::size_t first = cell * kRecallPoints;
        curves.curve(m, t).Finish(
            std::span(made.precision).subspan(first, kRecallPoints));
        if (scores != nullptr)
          std::ranges::copy(
              curves.scores(m, t),
              made.scores.begin() + static_cast<std::ptrdiff_t>(first));
      }
  }
}

}  // namespace

void Accumulate(const CategoryMatches& matches,
                const Detections& detections,
                std::size_t k,
                Evaluation& made) {
  AccumulateBy(
      matches, made.scores.empty() ? nullptr : &detections.score, k,
      [](std::size_t) { return std::int64_t{1}; }, made);
}

void AccumulateWeighted(const CategoryMatches& matches,
                        std::size_t k,
                        const std::vector<std::uint32_t>& weights,
                        Evaluation& made) {
  AccumulateBy(
      matches, nullptr, k,
      [&weights](std::size_t image) {
        return static_cast<std::int64_t>(weights[image]);
      },
      made);
}

}  // namespace eyechart::detection
