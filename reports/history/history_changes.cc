#include "reports/history/history_changes.h"

#include <algorithm>
#include <cmath>
#include <tuple>

#include "core/error.h"
#include "core/parallel.h"
#include "reports/gate/multiple_testing.h"

namespace eyechart::reports {
namespace {

// More than this refines no p value that a decision hangs on.
constexpr double kMostDraws = 99'999;

int DrawsFor(double level, int least) {
  return static_cast<int>(
      std::clamp(std::ceil(2 / level), double{1} * least, kMostDraws));
}

std::string VerdictOf(const std::string& direction, double difference) {
  if (direction != "higher" && direction != "lower") return "changed";
  return (direction == "higher") == (difference > 0) ? "better" : "worse";
}

std::vector<std::string> InputsChanged(const SeriesSet& set,
                                       const SeriesPoint& before,
                                       const SeriesPoint& after) {
  std::vector<std::string> changed;
  if (before.input == after.input) return changed;
  const HistoryInput& was = set.inputs.at(before.input);
  const HistoryInput& is = set.inputs.at(after.input);
  if (was.weights_sha256 != is.weights_sha256) changed.push_back("weights");
  if (was.preprocess_sha256 != is.preprocess_sha256)
    changed.push_back("preprocessing");
  if (was.dataset_sha256 != is.dataset_sha256) changed.push_back("data");
  return changed;
}

class Finder {
 public:
  Finder(const SeriesSet& set, const ChangesOptions& options)
      : set_(set), options_(options) {
    for (std::size_t i = 0; i < set.series.size(); ++i)
      if (set.series[i].points.size() >= 2 * options.steps.min_segment)
        tested_.push_back(i);
  }

  Changes Run() {
    Changes found;
    found.tested = tested_.size();
    if (tested_.empty()) return found;
    const auto family = static_cast<double>(tested_.size());
    first_.assign(tested_.size(), 1);
    std::vector<std::size_t> all(tested_.size());
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = i;
    TestFirst(all, options_.steps.draws);
    // Those that no draw reached may be as significant as the family asks, or
    // more draws may tell: of few among many, p has to be smaller.
    const double least = 1 / (options_.steps.draws + 1.0);
    std::vector<std::size_t> at_least;
    for (const std::size_t i : all)
      if (first_[i] <= least) at_least.push_back(i);
    const double asked =
        options_.alpha * static_cast<double>(at_least.size()) / family;
    if (!at_least.empty() && asked < 2 * least)
      TestFirst(at_least, DrawsFor(options_.alpha / family, 1));
    const std::vector<double> adjusted = BenjaminiHochberg(first_);
    std::vector<std::size_t> significant;
    for (const std::size_t i : all)
      if (adjusted[i] <= options_.alpha) significant.push_back(i);
    if (significant.empty()) return found;
    found.level =
        options_.alpha * static_cast<double>(significant.size()) / family;
    std::vector<ChangePoints> points(significant.size());
    ParallelFor(significant.size(), options_.threads, [&](std::size_t i, int) {
      ChangePointOptions steps = options_.steps;
      // The first step is significant by the family's own rule,
      // whose p may have come of more draws.
      steps.alpha = std::max(found.level, first_[significant[i]]);
      steps.draws = DrawsFor(found.level, steps.draws);
      points[i] = FindChangePoints(Values(significant[i]), steps);
    });
    for (std::size_t i = 0; i < significant.size(); ++i)
      for (const ChangePoint& point : points[i].points)
        Add(tested_[significant[i]], point, adjusted[significant[i]], found);
    std::ranges::sort(found.changes, {}, [&](const SeriesChange& change) {
      const HistorySeries& series = set_.series[change.series];
      const auto run = series.points[change.point.index].run;
      return std::tuple(-static_cast<std::int64_t>(run),
                        -std::abs(change.point.Relative()), change.series);
    });
    return found;
  }

 private:
  std::vector<double> Values(std::size_t i) const {
    return set_.series[tested_[i]].Values();
  }

  // The p value of each one's best split; no further step.
  void TestFirst(const std::vector<std::size_t>& which, int draws) {
    ParallelFor(which.size(), options_.threads, [&](std::size_t i, int) {
      ChangePointOptions steps = options_.steps;
      steps.draws = draws;
      steps.alpha = 1e-12;
      first_[which[i]] = FindChangePoints(Values(which[i]), steps).first_p;
    });
  }

  void Add(std::size_t index,
           const ChangePoint& point,
           double p_adjusted,
           Changes& found) const {
    if (std::abs(point.Relative()) < options_.min_change) return;
    const HistorySeries& series = set_.series[index];
    found.changes.push_back({index, point, p_adjusted,
                             VerdictOf(series.direction, point.Difference()),
                             InputsChanged(set_, series.points[point.index - 1],
                                           series.points[point.index])});
  }

  const SeriesSet& set_;
  const ChangesOptions& options_;
  std::vector<std::size_t> tested_;
  std::vector<double> first_;
};

Json Finite(double value) {
  return std::isfinite(value) ? Json(value) : Json(nullptr);
}

}  // namespace

Changes FindChanges(const SeriesSet& set, const ChangesOptions& options) {
  EYECHART_REQUIRE(options.alpha > 0 && options.alpha < 1,
                   "alpha {}: should be above 0 and below 1", options.alpha);
  EYECHART_REQUIRE(options.min_change >= 0,
                   "a least change of {}: should be 0 or more",
                   options.min_change);
  return Finder(set, options).Run();
}

Json ChangesToJson(const SeriesSet& set, const Changes& changes) {
  Json rows = Json::array();
  for (const SeriesChange& change : changes.changes) {
    const HistorySeries& series = set.series[change.series];
    const std::size_t at = change.point.index;
    const HistoryRun& run = set.runs[series.points[at].run];
    const HistoryRun& previous = set.runs[series.points[at - 1].run];
    rows.push_back({{"cell", series.cell},
                    {"metric", series.metric},
                    {"unit", series.unit},
                    {"direction", series.direction},
                    {"machine", series.machine},
                    {"run", run.Id()},
                    {"name", run.name},
                    {"started", run.started},
                    {"commit", run.commit},
                    {"previous_run", previous.Id()},
                    {"previous_commit", previous.commit},
                    {"before", change.point.before},
                    {"after", change.point.after},
                    {"difference", change.point.Difference()},
                    {"relative", Finite(change.point.Relative())},
                    {"p", change.point.p},
                    {"p_adjusted", change.p_adjusted},
                    {"verdict", change.verdict},
                    {"inputs_changed", change.inputs}});
  }
  return rows;
}

}  // namespace eyechart::reports
