#include "benchmarks/load/sample_order.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "core/error.h"

namespace eyechart::benchmarks {

std::vector<std::int64_t> DrawSubset(std::int64_t available,
                                     std::int64_t wanted,
                                     std::uint64_t seed) {
  EYECHART_CHECK(available >= 0 && wanted >= 0, "{} of {} samples", wanted,
                 available);
  std::vector<std::int64_t> samples(static_cast<std::size_t>(available));
  std::iota(samples.begin(), samples.end(), 0);
  if (wanted == 0 || wanted >= available) return samples;
  Random random(seed);
  const auto count = static_cast<std::size_t>(wanted);
  for (std::size_t i = 0; i < count; ++i)
    std::swap(samples[i], samples[i + random.Below(samples.size() - i)]);
  samples.resize(count);
  std::sort(samples.begin(), samples.end());
  return samples;
}

SampleOrder::SampleOrder(std::span<const std::int64_t> samples,
                         std::uint64_t seed)
    : pass_(samples.begin(), samples.end()),
      place_(pass_.size()),
      random_(seed) {
  EYECHART_CHECK(!pass_.empty(), "no samples");
}

std::int64_t SampleOrder::Next() {
  if (place_ == pass_.size()) {
    for (std::size_t i = pass_.size(); i > 1; --i)
      std::swap(pass_[i - 1], pass_[random_.Below(i)]);
    place_ = 0;
  }
  return pass_[place_++];
}

std::vector<std::int64_t> PoissonArrivals(double rate,
                                          std::int64_t min_count,
                                          double min_seconds,
                                          std::int64_t max_count,
                                          std::uint64_t seed) {
  EYECHART_CHECK(rate > 0, "rate {}", rate);
  EYECHART_REQUIRE(rate * min_seconds <= static_cast<double>(max_count),
                   "server: {:g} queries a second for {:g} s are more than the "
                   "{} queries that a run may have; take a lower rate, fewer "
                   "seconds or more queries at most",
                   rate, min_seconds, max_count);
  Random random(seed);
  std::vector<std::int64_t> arrivals;
  double seconds = 0;
  while (static_cast<std::int64_t>(arrivals.size()) < min_count ||
         seconds < min_seconds) {
    if (static_cast<std::int64_t>(arrivals.size()) == max_count) break;
    seconds += -std::log1p(-random.Uniform()) / rate;
    arrivals.push_back(std::llround(seconds * 1e9));
  }
  return arrivals;
}

}  // namespace eyechart::benchmarks
