#include "probes/detection/evaluation/bootstrap.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <optional>

#include "core/error.h"
#include "core/parallel.h"
#include "core/random.h"
#include "probes/detection/evaluation/area_curves.h"

namespace eyechart::detection {
namespace {

double QuantileOf(const std::vector<double>& sorted, double p) {
  const double place = p * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] +
         (place - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

}  // namespace

BoxStats WeightedStats(const Evaluation& evaluation,
                       const std::vector<std::uint32_t>& weights) {
  EYECHART_CHECK(evaluation.matches.size() == evaluation.categories,
                 "an evaluation without its matches");
  Evaluation drawn;
  drawn.options = evaluation.options;
  drawn.options.all_curves = false;
  drawn.categories = evaluation.categories;
  drawn.recall.assign(evaluation.recall.size(), -1);
  drawn.precision.assign(evaluation.precision.size(), -1);
  for (std::size_t k = 0; k < drawn.categories; ++k)
    AccumulateWeighted(evaluation.matches[k], k, weights, drawn);
  return Summarize(drawn);
}

std::vector<std::pair<std::string, Interval>> BootstrapImages(
    const Evaluation& evaluation,
    std::size_t images,
    const ImageBootstrapOptions& options) {
  EYECHART_REQUIRE(options.resamples >= 1,
                   "{} bootstrap resamples; there should be 1 or more",
                   options.resamples);
  EYECHART_REQUIRE(options.level > 0 && options.level < 1,
                   "level {}; it should be between 0 and 1", options.level);
  const auto n = static_cast<std::size_t>(options.resamples);
  std::vector<BoxStats> drawn(n);
  ParallelFor(n, options.threads, [&](std::size_t i, int) {
    // A stream for each, so that threads make no difference.
    Random random(options.seed, i);
    std::vector<std::uint32_t> weights(images, 0);
    for (std::size_t j = 0; j < images; ++j) ++weights[random.Below(images)];
    drawn[i] = WeightedStats(evaluation, weights);
  });
  std::vector<std::pair<std::string, Interval>> made;
  const auto names = Named(BoxStats());
  for (std::size_t f = 0; f < names.size(); ++f) {
    std::vector<double> values;
    for (const BoxStats& one : drawn) {
      const double value = Named(one)[f].second;
      if (value > -1) values.push_back(value);
    }
    std::sort(values.begin(), values.end());
    Interval interval;
    interval.level = options.level;
    interval.method = "image bootstrap, percentile";
    interval.low = interval.high = std::numeric_limits<double>::quiet_NaN();
    if (!values.empty()) {
      interval.low = QuantileOf(values, 0.5 - options.level / 2);
      interval.high = QuantileOf(values, 0.5 + options.level / 2);
    }
    made.emplace_back(names[f].first, interval);
  }
  return made;
}

}  // namespace eyechart::detection
