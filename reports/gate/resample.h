// The bootstrap, for intervals of what has no formula.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "core/statistics.h"

namespace eyechart::reports {

struct ResampleOptions {
  int draws = 2000;        // enough for the 2.5 % quantiles
  std::uint64_t seed = 1;  // the same interval each time
};

/// A statistic's value on resamples, sorted.
class Resampled {
 public:
  Resampled(std::vector<double> values, double estimate, std::size_t n);

  /// Percentile interval (Efron 1979; quantiles as NumPy's default) at 95 %,
  /// the distances from the estimate stretched to `level`: by the ratio of
  /// Student's quantile with n - 1 degrees of freedom to the normal one, and by
  /// sqrt(n / (n - 1)), which make up for the bootstrap's narrowness at small n
  /// (Hesterberg 2015, The American Statistician 69, 371-386, section 4.1).
  Interval At(double level) const;

  /// The percentile interval itself.
  Interval Percentile(double level) const;

  double estimate() const { return estimate_; }

 private:
  double Quantile(double p) const;

  std::vector<double> values_;
  double estimate_ = 0;
  std::size_t n_ = 0;
};

/// Rows drawn with replacement within each stratum (rows of one stratum alone:
/// plain bootstrap); `statistic` sees the drawn rows, the strata's one after
/// another, and first all rows as they are, for the estimate.
Resampled Resample(
    std::span<const std::vector<std::uint32_t>> strata,
    const std::function<double(std::span<const std::uint32_t>)>& statistic,
    const ResampleOptions& options = {});

/// The same of two independent samples, all rows of which are drawn anew.
Resampled ResampleTwo(
    std::size_t first,
    std::size_t second,
    const std::function<double(std::span<const std::uint32_t>,
                               std::span<const std::uint32_t>)>& statistic,
    const ResampleOptions& options = {});

/// sqrt(n / (n - 1)) times Student's quantile for a two-sided `level`.
double StretchedQuantile(double level, std::size_t n);

}  // namespace eyechart::reports
