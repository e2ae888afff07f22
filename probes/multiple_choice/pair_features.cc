#include "probes/multiple_choice/pair_features.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace eyechart::multiple_choice {
namespace {

constexpr std::uint64_t kBootstrapSeed = 1;

using Pair = std::pair<std::size_t, std::size_t>;

Pair Ordered(std::size_t a, std::size_t b) { return std::minmax(a, b); }

// Cosines of random pairs of readable pictures, sorted.
std::vector<double> RandomCosines(const Embeddings& pictures,
                                  const std::set<Pair>& pairs,
                                  const PairFeatureOptions& options) {
  std::vector<std::size_t> readable;
  for (std::size_t i = 0; i < pictures.size(); ++i)
    if (pictures.problem[i].empty()) readable.push_back(i);
  const std::size_t n = readable.size();
  std::vector<double> cosines;
  const auto add = [&](std::size_t a, std::size_t b) {
    if (a == b || pairs.contains(Ordered(a, b))) return;
    const double cosine = Cosine(pictures, a, pictures, b);
    if (std::isfinite(cosine)) cosines.push_back(cosine);
  };
  const auto wanted = static_cast<std::size_t>(options.random_pairs);
  if (n < 2 || n * (n - 1) / 2 <= wanted) {
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = i + 1; j < n; ++j) add(readable[i], readable[j]);
  } else {
    std::mt19937_64 rng(options.seed);
    for (std::size_t draw = 0; draw < wanted; ++draw) {
      const std::size_t a = readable[rng() % n];
      const std::size_t b = readable[rng() % n];
      add(a, b);
    }
  }
  std::sort(cosines.begin(), cosines.end());
  return cosines;
}

template <typename Value>
PairMean MeanOf(const Result& result, Value&& value) {
  std::vector<double> values;
  for (const PairOutcome& pair : result.pairs)
    if (std::isfinite(value(pair))) values.push_back(value(pair));
  PairMean mean;
  mean.n = static_cast<std::int64_t>(values.size());
  mean.mean = std::accumulate(values.begin(), values.end(), 0.0) /
              static_cast<double>(values.size());
  mean.ci = BootstrapMeanInterval(values, kBootstrapSeed);
  return mean;
}

}  // namespace

void AddPairFeatures(const Benchmark& benchmark,
                     const Embeddings& pictures,
                     const PairFeatureOptions& options,
                     Result& result) {
  result.pairs.resize(benchmark.pairs.size());
  result.has_cosines = !result.pairs.empty();
  if (!result.has_cosines) return;
  std::set<Pair> known;
  for (const auto& pair : benchmark.pairs)
    known.insert(Ordered(benchmark.items[pair[0]].picture,
                         benchmark.items[pair[1]].picture));
  const std::vector<double> random = RandomCosines(pictures, known, options);
  for (std::size_t p = 0; p < benchmark.pairs.size(); ++p) {
    const std::size_t a = benchmark.items[benchmark.pairs[p][0]].picture;
    const std::size_t b = benchmark.items[benchmark.pairs[p][1]].picture;
    PairOutcome& outcome = result.pairs[p];
    outcome.cosine = Cosine(pictures, a, pictures, b);
    if (random.empty() || !std::isfinite(outcome.cosine)) continue;
    const auto [low, high] =
        std::equal_range(random.begin(), random.end(), outcome.cosine);
    outcome.rank = (static_cast<double>(low - random.begin()) +
                    static_cast<double>(high - low) / 2) /
                   static_cast<double>(random.size());
  }
}

PairMean MeanCosine(const Result& result) {
  return MeanOf(result, [](const PairOutcome& pair) { return pair.cosine; });
}

PairMean MeanRank(const Result& result) {
  return MeanOf(result, [](const PairOutcome& pair) { return pair.rank; });
}

}  // namespace eyechart::multiple_choice
