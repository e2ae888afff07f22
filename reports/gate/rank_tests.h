// Tests whose p values need no assumption on the distribution.
#pragma once

#include <span>

namespace eyechart::reports {

/// Two-sided p value of the sign-flip (Fisher-Pitman) test of paired
/// differences: were both runs alike, each difference had either sign with
/// probability 1/2, so |sum| is compared with its distribution over all signs.
/// Differences of 0 say nothing and are left out; with no other, 1.
/// Exact up to 20 differences; above, Lugannani and Rice's (1980) saddlepoint
/// approximation, with Daniels's (1987) second continuity correction where the
/// differences are multiples of one step, within 3 % of the exact value.
double SignFlipP(std::span<const double> differences);

/// The same on signed midranks: Wilcoxon's (1945) signed-rank test with its
/// exact distribution, ties included.
double SignedRankP(std::span<const double> differences);

/// The least p value that SignFlipP and SignedRankP can give: 2^(1-n) for n
/// differences that are not 0.
double LeastSignFlipP(std::span<const double> differences);

/// Two-sided p value of Mann and Whitney's (1947) test of two independent
/// samples: normal approximation with midranks, the tie correction and the
/// continuity correction. 1 where a sample is empty or all values are equal.
double MannWhitneyP(std::span<const double> first,
                    std::span<const double> second);

}  // namespace eyechart::reports
