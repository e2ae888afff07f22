#include "reports/gate/resample.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <utility>

#include "core/error.h"
#include "core/random.h"
#include "core/student.h"

namespace eyechart::reports {
namespace {

constexpr double kBaseLevel = 0.95;

std::vector<std::uint32_t> AllRows(std::size_t n) {
  std::vector<std::uint32_t> rows(n);
  std::iota(rows.begin(), rows.end(), 0U);
  return rows;
}

// By multiplication, without the division of Random::Below: a row's chance is
// off by at most n / 2^32 of itself.
std::uint32_t Below(Random& random, std::size_t n) {
  return static_cast<std::uint32_t>(((random.Next() >> 32) * n) >> 32);
}

}  // namespace

double StretchedQuantile(double level, std::size_t n) {
  // A family asks for few levels and sizes, and for each of them often.
  thread_local std::map<std::pair<double, std::size_t>, double> known;
  const auto found = known.find({level, n});
  if (found != known.end()) return found->second;
  // With one row there is no spread to know; the quantile is that of two.
  const double df = std::max(1.0, static_cast<double>(n) - 1);
  const double p = 0.5 + level / 2;
  const double quantile =
      df > 2000 ? NormalQuantile(p) : StudentQuantile(p, df);
  constexpr std::size_t kKept = 4096;
  if (known.size() == kKept) known.clear();
  return known[{level, n}] = quantile * std::sqrt((df + 1) / df);
}

Resampled::Resampled(std::vector<double> values, double estimate, std::size_t n)
    : values_(std::move(values)), estimate_(estimate), n_(n) {
  EYECHART_CHECK(!values_.empty(), "no draws");
  std::sort(values_.begin(), values_.end());
}

double Resampled::Quantile(double p) const {
  const double place = p * static_cast<double>(values_.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const std::size_t above = std::min(below + 1, values_.size() - 1);
  return values_[below] + (place - static_cast<double>(below)) *
                              (values_[above] - values_[below]);
}

Interval Resampled::Percentile(double level) const {
  return {Quantile(0.5 - level / 2), Quantile(0.5 + level / 2), level,
          "bootstrap"};
}

Interval Resampled::At(double level) const {
  const Interval base = Percentile(kBaseLevel);
  const double stretch =
      StretchedQuantile(level, n_) / NormalQuantile(0.5 + kBaseLevel / 2);
  // A skewed statistic may lie outside its own percentiles.
  const double below = std::max(0.0, estimate_ - base.low);
  const double above = std::max(0.0, base.high - estimate_);
  return {estimate_ - below * stretch, estimate_ + above * stretch, level,
          "bootstrap"};
}

Resampled Resample(
    std::span<const std::vector<std::uint32_t>> strata,
    const std::function<double(std::span<const std::uint32_t>)>& statistic,
    const ResampleOptions& options) {
  std::vector<std::uint32_t> drawn;
  for (const auto& stratum : strata)
    drawn.insert(drawn.end(), stratum.begin(), stratum.end());
  const double estimate = statistic(drawn);
  Random random(options.seed);
  std::vector<double> values;
  values.reserve(static_cast<std::size_t>(options.draws));
  for (int draw = 0; draw < options.draws; ++draw) {
    std::size_t at = 0;
    for (const auto& stratum : strata)
      for (std::size_t i = 0; i < stratum.size(); ++i)
        drawn[at++] = stratum[Below(random, stratum.size())];
    values.push_back(statistic(drawn));
  }
  return {std::move(values), estimate, drawn.size()};
}

Resampled ResampleTwo(
    std::size_t first,
    std::size_t second,
    const std::function<double(std::span<const std::uint32_t>,
                               std::span<const std::uint32_t>)>& statistic,
    const ResampleOptions& options) {
  std::vector<std::uint32_t> a = AllRows(first);
  std::vector<std::uint32_t> b = AllRows(second);
  const double estimate = statistic(a, b);
  Random random(options.seed);
  std::vector<double> values;
  values.reserve(static_cast<std::size_t>(options.draws));
  for (int draw = 0; draw < options.draws; ++draw) {
    for (std::uint32_t& row : a) row = Below(random, first);
    for (std::uint32_t& row : b) row = Below(random, second);
    values.push_back(statistic(a, b));
  }
  return {std::move(values), estimate, std::min(first, second)};
}

}  // namespace eyechart::reports
