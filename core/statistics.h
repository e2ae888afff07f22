// Statistics as pure functions; every one is tested against SciPy or literals.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace eyechart {

/// A two-sided confidence interval.
struct Interval {
  double low = 0;
  double high = 0;
  double level = 0.95;  // coverage
  std::string method;   // the estimator's name, of core/interval_methods.h
};

/// Quantile of the standard normal distribution, 0 < p < 1 (relative error
/// below 1e-15: Acklam's rational start, one Halley step).
double NormalQuantile(double p);

/// Wilson's score interval of `successes` out of `n` (Wilson 1927). With n = 0
/// it is [0, 1].
Interval WilsonInterval(std::int64_t successes,
                        std::int64_t n,
                        double level = 0.95);

/// Interval of a share of pairs, numerator / denominator, where pairs share
/// images and so are not independent: delete-one jackknife over images, normal
/// quantile, clipped to [0, 1] (Arvesen 1969, jackknifing U-statistics).
/// `hits[i]` and `trials[i]` count the pairs that image i is in; a pair counts
/// at both its images, so that the sums are twice the totals. Throws
/// std::logic_error where the spans differ in length; with fewer than two
/// images that matter the interval is [0, 1].
Interval PairShareInterval(std::span<const std::int64_t> hits,
                           std::span<const std::int64_t> trials,
                           double level = 0.95);

/// Two-sided p value of McNemar's exact test: `b` items that only the first of
/// two got right and `c` that only the second did are, under the hypothesis
/// that both are as good, draws of a fair coin (McNemar 1947; exact binomial,
/// doubled smaller tail, at most 1). `mid_p` counts outcomes as likely as the
/// one seen by half (Fagerland, Lydersen, Laake 2013): less conservative, and
/// no longer sure to keep the level. 1 where b + c is 0. Relative error below
/// 1e-10 for b + c up to 1e5. Throws std::logic_error for negative counts.
double McNemarExactP(std::int64_t b, std::int64_t c, bool mid_p = false);

/// Interval of the difference p2 - p1 of two shares of the same items: `both`
/// were right in both, `neither` in none (Newcombe 1998, Statistics in Medicine
/// 17, 2635-2650, method 10). Throws std::logic_error without items.
Interval PairedDifferenceInterval(std::int64_t both,
                                  std::int64_t only_first,
                                  std::int64_t only_second,
                                  std::int64_t neither,
                                  double level = 0.95);

/// Percentile bootstrap interval of the mean of independent `values` (Efron
/// 1979): `resamples` draws from a generator seeded with `seed`, the same on
/// every machine. [NaN, NaN] of no values.
Interval BootstrapMeanInterval(std::span<const double> values,
                               std::uint64_t seed,
                               int resamples = 2000,
                               double level = 0.95);

/// Median of `values` (mean of the middle two); NaN when empty.
double Median(std::span<const double> values);

}  // namespace eyechart
