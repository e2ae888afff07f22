#include "mining/probe_choice.h"

#include <ATen/ops/from_blob.h>
#include <ATen/ops/mm.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "core/interrupt.h"
#include "core/random.h"
#include "mining/kernels.h"

namespace eyechart::mining {
namespace {

constexpr std::int64_t kChoiceBlock = 4096;
constexpr std::int32_t kNever = std::numeric_limits<std::int32_t>::max();

// A sampled row and one of its near neighbours.
struct SampledPair {
  std::int32_t row = 0;    // place in the sample
  std::int32_t other = 0;  // of all rows
};

// Near pairs of the sampled rows, as many at random as are wanted.
std::vector<SampledPair> NearPairs(const FeatureRows& rows,
                                   const std::vector<std::int64_t>& sample,
                                   const std::vector<float>& units,
                                   const ProbeChoiceOptions& options,
                                   Random& random,
                                   Progress& progress) {
  const std::int64_t dim = rows.dim();
  const auto count = static_cast<std::int64_t>(sample.size());
  const std::int64_t n = rows.count();
  std::vector<float> block(
      static_cast<std::size_t>(std::min(kChoiceBlock, n) * dim));
  std::vector<float> products(
      static_cast<std::size_t>(count * std::min(kChoiceBlock, n)));
  const auto matrix = [](const float* values, std::int64_t r, std::int64_t c) {
    return at::from_blob(const_cast<float*>(values), {r, c}, at::kFloat);
  };
  const auto threshold = static_cast<float>(options.near_min);
  // A reservoir (Vitter 1985, algorithm R).
  std::vector<SampledPair> pairs;
  std::uint64_t seen = 0;
  const auto keep = [&](const SampledPair& pair) {
    ++seen;
    if (static_cast<std::int64_t>(pairs.size()) < options.most_pairs) {
      pairs.push_back(pair);
    } else if (const std::uint64_t place = random.Below(seen);
               place < pairs.size()) {
      pairs[place] = pair;
    }
  };
  progress.Begin("sampling near pairs", n);
  for (std::int64_t begin = 0; begin < n; begin += kChoiceBlock) {
    ThrowIfInterrupted();
    const std::int64_t m = std::min(kChoiceBlock, n - begin);
    rows.ReadNormalised(begin, m, block.data());
    at::Tensor out = matrix(products.data(), count, m);
    at::mm_out(out, matrix(units.data(), count, dim),
               matrix(block.data(), m, dim).t());
    for (std::int64_t r = 0; r < count; ++r) {
      const float* values = products.data() + r * m;
      if (CountAbove(values, m, threshold) == 0) continue;
      for (std::int64_t c = 0; c < m; ++c)
        if (values[c] > threshold && begin + c != sample[r])
          keep({static_cast<std::int32_t>(r),
                static_cast<std::int32_t>(begin + c)});
    }
    progress.Update(begin + m);
  }
  progress.End();
  return pairs;
}

// Place of `cell` among a row's cells, nearest first.
std::int32_t RankOf(const std::int32_t* cells,
                    std::int64_t probes,
                    std::int32_t cell) {
  const std::int32_t* found = std::find(cells, cells + probes, cell);
  return found == cells + probes ? kNever
                                 : static_cast<std::int32_t>(found - cells);
}

// For each pair the least number of probes, less one, that finds it.
std::vector<std::int32_t> Ranks(const FeatureRows& rows,
                                const IvfCells& cells,
                                const std::vector<float>& units,
                                const std::vector<SampledPair>& pairs,
                                std::int64_t probes) {
  const std::int64_t dim = rows.dim();
  const auto count = static_cast<std::int64_t>(units.size()) / dim;
  std::vector<std::int32_t> own(static_cast<std::size_t>(count * probes));
  cells.Probe(units.data(), count, probes, own.data());
  std::vector<std::int32_t> ranks;
  std::vector<float> block(static_cast<std::size_t>(kChoiceBlock * dim));
  std::vector<std::int32_t> others(
      static_cast<std::size_t>(kChoiceBlock * probes));
  for (std::size_t begin = 0; begin < pairs.size(); begin += kChoiceBlock) {
    ThrowIfInterrupted();
    const std::size_t m =
        std::min<std::size_t>(kChoiceBlock, pairs.size() - begin);
    for (std::size_t k = 0; k < m; ++k)
      rows.ReadUnit(pairs[begin + k].other,
                    block.data() + static_cast<std::int64_t>(k) * dim);
    cells.Probe(block.data(), static_cast<std::int64_t>(m), probes,
                others.data());
    for (std::size_t k = 0; k < m; ++k) {
      const std::int32_t* mine = own.data() + pairs[begin + k].row * probes;
      const std::int32_t* theirs =
          others.data() + static_cast<std::int64_t>(k) * probes;
      ranks.push_back(std::min(RankOf(mine, probes, theirs[0]),
                               RankOf(theirs, probes, mine[0])));
    }
  }
  return ranks;
}

double ShareFound(const std::vector<std::int32_t>& ranks, std::int64_t probes) {
  const auto found = std::count_if(ranks.begin(), ranks.end(),
                                   [&](auto rank) { return rank < probes; });
  return static_cast<double>(found) / static_cast<double>(ranks.size());
}

}  // namespace

ProbeChoice ChooseProbes(const FeatureRows& rows,
                         const IvfCells& cells,
                         const ProbeChoiceOptions& options,
                         Progress& progress) {
  const std::int64_t n = rows.count();
  const std::int64_t most = std::min(options.most_probes, cells.count());
  ProbeChoice choice;
  choice.probes = std::min(choice.probes, most);
  const std::int64_t count =
      std::min(n, std::clamp(n / 25, options.least_rows, options.most_rows));
  if (n < 2) return choice;
  // Evenly spread from a random start: rows are seldom in an order that has the
  // sample's period.
  Random random(options.seed);
  const auto first =
      static_cast<std::int64_t>(random.Below(static_cast<std::uint64_t>(n)));
  std::vector<std::int64_t> sample;
  for (std::int64_t k = 0; k < count; ++k)
    sample.push_back((first + k * n / count) % n);
  std::vector<float> units(static_cast<std::size_t>(count * rows.dim()));
  for (std::int64_t k = 0; k < count; ++k)
    rows.ReadUnit(sample[k], units.data() + k * rows.dim());
  const std::vector<SampledPair> pairs =
      NearPairs(rows, sample, units, options, random, progress);
  choice.products = count * n;
  if (pairs.empty()) return choice;

  // By sampled row, so that a row's pairs do not choose and measure as well.
  std::vector<SampledPair> halves[2];
  for (const SampledPair& pair : pairs) halves[pair.row % 2].push_back(pair);
  const bool both = !halves[0].empty() && !halves[1].empty();
  std::vector<std::int32_t> ranks[2];
  for (int half = 0; half < 2; ++half)
    ranks[half] = Ranks(rows, cells, units, halves[half], most);
  choice.products +=
      (static_cast<std::int64_t>(pairs.size()) + count) * cells.count();
  const std::vector<std::int32_t>& chooses = ranks[halves[0].empty() ? 1 : 0];
  const double wanted = 1 - (1 - options.recall) / 2;
  choice.probes = 1;
  while (choice.probes < most && ShareFound(chooses, choice.probes) < wanted)
    ++choice.probes;
  // Pairs of one row are found or missed together, so that a half without a
  // miss proves little. Looking twice as far costs less than a larger sample.
  choice.probes = std::min(2 * choice.probes, most);
  if (both) {
    choice.recall = ShareFound(ranks[1], choice.probes);
    choice.sampled_pairs = static_cast<std::int64_t>(ranks[1].size());
  }
  return choice;
}

}  // namespace eyechart::mining
