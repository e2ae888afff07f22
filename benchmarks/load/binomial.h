// The binomial distribution's tails: what order statistics and early stopping
// are built on.
#pragma once

#include <cstdint>

namespace eyechart::benchmarks {

/// P(B <= k) of B ~ Binomial(n, p), n >= 0, 0 <= p <= 1; 0 for k < 0 and 1 for
/// k >= n. The smaller tail is summed from its largest term on (relative error
/// below 1e-10 for n up to 1e7).
double BinomialCdf(std::int64_t k, std::int64_t n, double p);

/// P(B >= k).
double BinomialUpper(std::int64_t k, std::int64_t n, double p);

}  // namespace eyechart::benchmarks
