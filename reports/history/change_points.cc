#include "reports/history/change_points.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>

#include "core/error.h"
#include "core/random.h"

namespace eyechart::reports {
namespace {

// Sums over the values of a segment that stand at or before a place, by rank.
class RankSums {
 public:
  void Reset(std::size_t n) {
    counts_.assign(n + 1, 0);
    sums_.assign(n + 1, 0);
  }
  void Add(std::size_t rank, double value) {
    for (std::size_t i = rank + 1; i < counts_.size(); i += i & -i) {
      counts_[i] += 1;
      sums_[i] += value;
    }
  }
  // Count and sum of the values of ranks 0 ... rank.
  std::pair<double, double> UpTo(std::size_t rank) const {
    double count = 0;
    double sum = 0;
    for (std::size_t i = rank + 1; i > 0; i -= i & -i) {
      count += counts_[i];
      sum += sums_[i];
    }
    return {count, sum};
  }

 private:
  std::vector<double> counts_;
  std::vector<double> sums_;
};

// The values of one segment, sorted; an order of them is one of their ranks.
class Segment {
 public:
  Segment(std::span<const double> values, std::size_t begin)
      : begin_(begin), sorted_(values.begin(), values.end()) {
    const std::size_t n = values.size();
    std::vector<std::size_t> by_value(n);
    std::iota(by_value.begin(), by_value.end(), 0);
    std::ranges::stable_sort(by_value, {},
                             [&](std::size_t i) { return values[i]; });
    ranks_.resize(n);
    for (std::size_t rank = 0; rank < n; ++rank) ranks_[by_value[rank]] = rank;
    std::ranges::sort(sorted_);
    // Differences are the same about any origin, and rounded less about this.
    const double middle = n > 0 ? sorted_[n / 2] : 0;
    for (double& value : sorted_) value -= middle;
    const double sum = std::accumulate(sorted_.begin(), sorted_.end(), 0.0);
    double below = 0;
    distances_.resize(n);
    for (std::size_t rank = 0; rank < n; ++rank) {
      below += sorted_[rank];
      distances_[rank] = sorted_[rank] * (2.0 * Double(rank + 1) - Double(n)) -
                         (2 * below - sum);
      total_ += distances_[rank] / 2;
    }
  }

  std::size_t begin() const { return begin_; }
  std::size_t size() const { return sorted_.size(); }
  const std::vector<std::size_t>& ranks() const { return ranks_; }

  // Calls take(m, Q) for the first m values in the order `ranks`, m = 1 ... n.
  template <typename Take>
  void ForEachSplit(std::span<const std::size_t> ranks,
                    RankSums& seen,
                    const Take& take) const {
    const std::size_t n = size();
    seen.Reset(n);
    double within = 0;   // sum over pairs of the first m
    double between = 0;  // of them and the rest
    double seen_sum = 0;
    for (std::size_t m = 0; m < n; ++m) {
      const double value = sorted_[ranks[m]];
      const auto [count, sum] = seen.UpTo(ranks[m]);
      const double to_first =
          value * (2 * count - Double(m)) - (2 * sum - seen_sum);
      seen.Add(ranks[m], value);
      seen_sum += value;
      within += to_first;
      between += distances_[ranks[m]] - 2 * to_first;
      take(m + 1, Energy(m + 1, n - m - 1, within, between,
                         total_ - within - between));
    }
  }

  // The best split with `least` values or more on both sides: (Q, m).
  std::optional<std::pair<double, std::size_t>> BestSplit(
      std::span<const std::size_t> ranks,
      std::size_t least,
      RankSums& seen) const {
    if (size() < 2 * least) return std::nullopt;
    std::pair<double, std::size_t> best(-1, 0);
    ForEachSplit(ranks, seen, [&](std::size_t m, double q) {
      if (m >= least && m + least <= size() && q > best.first) best = {q, m};
    });
    return best;
  }

 private:
  static double Double(std::size_t n) { return static_cast<double>(n); }

  static double Energy(std::size_t m,
                       std::size_t k,
                       double within_first,
                       double between,
                       double within_rest) {
    if (m < 2 || k < 2) return 0;
    const double a = Double(m);
    const double b = Double(k);
    const double energy = 2 * between / (a * b) -
                          within_first / (a * (a - 1) / 2) -
                          within_rest / (b * (b - 1) / 2);
    return a * b / (a + b) * energy;
  }

  std::size_t begin_;
  std::vector<double> sorted_;
  std::vector<std::size_t> ranks_;
  std::vector<double> distances_;  // by rank: sum of |x - y| over all y
  double total_ = 0;               // over all pairs
};

void Shuffle(std::vector<std::size_t>& order, Random& random) {
  for (std::size_t i = order.size(); i > 1; --i) {
    // Off by less than n / 2^32; Random::Below divides twice a draw.
    const std::uint64_t drawn = ((random.Next() >> 32) * i) >> 32;
    std::swap(order[i - 1], order[drawn]);
  }
}

class Detector {
 public:
  Detector(std::span<const double> values, const ChangePointOptions& options)
      : values_(values), options_(options) {
    segments_.emplace_back(values, 0);
  }

  ChangePoints Run() {
    ChangePoints found;
    for (std::uint64_t step = 0;; ++step) {
      const std::optional<Split> split = BestSplit();
      // Values that are all the same split nowhere.
      if (!split || !(split->q > 0)) break;
      const double p = PermutationP(split->q, step);
      if (step == 0) found.first_p = p;
      if (p > options_.alpha) break;
      const std::size_t begin = segments_[split->segment].begin();
      const std::size_t size = segments_[split->segment].size();
      found.points.push_back({begin + split->size, 0, 0, p});
      segments_[split->segment] =
          Segment(values_.subspan(begin, split->size), begin);
      segments_.emplace_back(
          values_.subspan(begin + split->size, size - split->size),
          begin + split->size);
    }
    std::ranges::sort(found.points, {}, &ChangePoint::index);
    for (std::size_t i = 0; i < found.points.size(); ++i) {
      const std::size_t at = found.points[i].index;
      const std::size_t before = i > 0 ? found.points[i - 1].index : 0;
      const std::size_t after = i + 1 < found.points.size()
                                    ? found.points[i + 1].index
                                    : values_.size();
      found.points[i].before = MeanOf(before, at);
      found.points[i].after = MeanOf(at, after);
    }
    return found;
  }

 private:
  struct Split {
    double q = 0;
    std::size_t segment = 0;
    std::size_t size = 0;  // of its first part
  };

  std::optional<Split> BestSplit() {
    std::optional<Split> best;
    for (std::size_t i = 0; i < segments_.size(); ++i) {
      const auto split = segments_[i].BestSplit(segments_[i].ranks(),
                                                options_.min_segment, sums_);
      if (split && (!best || split->first > best->q))
        best = Split{split->first, i, split->second};
    }
    return best;
  }

  // How often the best split of permuted values is as good as `q`.
  double PermutationP(double q, std::uint64_t step) {
    Random random(options_.seed, step);
    const double enough = q * (1 - 1e-9);
    int extreme = 0;
    std::vector<std::size_t> order;
    for (int draw = 1; draw <= options_.draws; ++draw) {
      double best = 0;
      for (const Segment& segment : segments_) {
        if (segment.size() < 2 * options_.min_segment) continue;
        order = segment.ranks();
        Shuffle(order, random);
        const auto split =
            segment.BestSplit(order, options_.min_segment, sums_);
        best = std::max(best, split->first);
        if (best >= enough) break;
      }
      if (best >= enough && ++extreme == options_.most_extreme)
        return static_cast<double>(extreme) / draw;
    }
    return (extreme + 1.0) / (options_.draws + 1.0);
  }

  double MeanOf(std::size_t begin, std::size_t end) const {
    double sum = 0;
    for (std::size_t i = begin; i < end; ++i) sum += values_[i];
    return sum / static_cast<double>(end - begin);
  }

  std::span<const double> values_;
  const ChangePointOptions& options_;
  std::vector<Segment> segments_;
  RankSums sums_;
};

}  // namespace

double ChangePoint::Relative() const {
  // Spread may change where the mean does not.
  return Difference() == 0 ? 0 : Difference() / std::abs(before);
}

ChangePoints FindChangePoints(std::span<const double> values,
                              const ChangePointOptions& options) {
  EYECHART_CHECK(options.min_segment >= 2, "segments of {}",
                 options.min_segment);
  EYECHART_CHECK(options.alpha > 0 && options.alpha < 1 && options.draws > 0 &&
                     options.most_extreme > 0,
                 "alpha {}, {} draws, {} extreme", options.alpha, options.draws,
                 options.most_extreme);
  for (const double value : values)
    EYECHART_CHECK(std::isfinite(value), "a value of {}", value);
  return Detector(values, options).Run();
}

std::vector<double> SplitStatistics(std::span<const double> values) {
  std::vector<double> statistics(values.size() + 1, 0.0);
  const Segment all(values, 0);
  RankSums sums;
  all.ForEachSplit(all.ranks(), sums,
                   [&](std::size_t m, double q) { statistics[m] = q; });
  return statistics;
}

}  // namespace eyechart::reports
