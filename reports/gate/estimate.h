// What a cell's two runs say of the difference between them.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/statistics.h"
#include "reports/gate/resample.h"

namespace eyechart::reports {

/// The difference candidate - baseline of one metric of one cell, with all that
/// a verdict needs. Values are in the metric's unit.
struct CellEstimate {
  double baseline = 0;
  double candidate = 0;
  double difference = 0;
  std::int64_t n = 0;   // items, pairs or samples behind it
  std::string test;     // its name
  bool paired = false;  // by item, or by interleaved pairs
  /// The same on every item, or the same value and interval: no test needed.
  bool identical = false;
  std::optional<double> p;  // two-sided, of no difference; none: not tested
  double least_p = 0;       // that so few items can give
  /// Interval of the difference at a level; null: nothing tells noise from
  /// change.
  std::function<Interval(double level)> interval;
  /// The least true change for the worse that is found regressed with a
  /// probability of 80 %, for a margin and a p value that has to be reached.
  std::function<double(double margin, double p)> least_loss;
  std::string note;  // why the test is not the better one; "" else
};

/// The power that least_loss is for.
inline constexpr double kPower = 0.8;

/// Right or wrong answers of the same items: exact McNemar, Newcombe's paired
/// interval. least_loss keeps the discordance seen and adds what the loss
/// itself flips.
CellEstimate EstimateOutcomes(std::int64_t both,
                              std::int64_t only_baseline,
                              std::int64_t only_candidate,
                              std::int64_t neither);

/// How a metric follows from the weighted sum of its items' values.
enum class Link {
  kIdentity,  // a mean: accuracy, absolute error
  kRoot,      // of squared errors
  kOneMinus,  // one less the share of squared errors
};

/// Values of the same items in two runs; metric = link(sum of weight x value).
struct PairedItems {
  std::vector<double> baseline;
  std::vector<double> candidate;
  std::vector<double> weights;
  /// Rows that are drawn among themselves: classes of a mean over classes.
  std::vector<std::vector<std::uint32_t>> strata;
  Link link = Link::kIdentity;
};

double MetricOf(const PairedItems& items, std::span<const double> values);

/// Exact McNemar where the items are right or wrong and count alike; else the
/// sign-flip test and the paired bootstrap.
CellEstimate EstimateItems(const PairedItems& items,
                           const ResampleOptions& options = {});

/// Ratios candidate / baseline of interleaved pairs (ABBA): signed-rank test of
/// the logarithms, bootstrap of the median ratio. `baseline` is the metric's
/// value there, which the ratio is applied to.
CellEstimate EstimateRatios(std::span<const double> ratios,
                            double baseline,
                            const ResampleOptions& options = {});

/// A statistic of two independent samples (of a latency): Mann-Whitney, and the
/// bootstrap of the ratio of the statistics. `name` goes into the test's name,
/// as "medians". Values are above 0.
CellEstimate EstimateSamples(
    std::span<const double> baseline,
    std::span<const double> candidate,
    const std::string& name,
    const std::function<double(std::vector<double>&)>& statistic,
    const ResampleOptions& options = {});

/// Two values with intervals of their own: the interval of the difference by
/// MOVER (Zou and Donner 2008, Statistics in Medicine 27, 1693-1702, for
/// independent estimates), p from the normal distribution.
CellEstimate EstimateIntervals(double baseline,
                               const Interval& baseline_ci,
                               double candidate,
                               const Interval& candidate_ci);

/// Two values and nothing else: no test. `exact`: they are counts without
/// noise, so that the values themselves decide.
CellEstimate EstimateValues(double baseline, double candidate, bool exact);

/// Adds the noise from run to run, the standard deviation of the difference of
/// two runs, to an estimate of runs that were not interleaved.
CellEstimate WithRunNoise(CellEstimate estimate, double deviation);

}  // namespace eyechart::reports
