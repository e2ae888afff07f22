#include "mining/pair_sample.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/error.h"
#include "core/random.h"

#ifndef _OPENMP
#error "at::parallel_for is serial in a file compiled without OpenMP"
#endif

namespace eyechart::mining {
namespace {

constexpr int kLeastBeyond = 100;

class Space {
 public:
  explicit Space(const FeatureRows& rows)
      : rows_(rows),
        a_(static_cast<std::size_t>(rows.in_place() ? 0 : rows.dim())),
        b_(a_.size()) {}

  float Cosine(std::int64_t i, std::int64_t j) {
    return static_cast<float>(ExactCosine(Row(i, a_), rows_.norm(i), Row(j, b_),
                                          rows_.norm(j), rows_.dim()));
  }

 private:
  const float* Row(std::int64_t i, std::vector<float>& copy) const {
    if (rows_.in_place()) return rows_.InPlace(i);
    rows_.Read(i, copy.data());
    return copy.data();
  }

  const FeatureRows& rows_;
  std::vector<float> a_;
  std::vector<float> b_;
};

}  // namespace

PairSample DrawPairs(const FeatureRows& near_rows,
                     const FeatureRows& far_rows,
                     std::int64_t count,
                     std::uint64_t seed) {
  const std::int64_t n = near_rows.count();
  const std::int64_t all = n * (n - 1) / 2;
  PairSample sample;
  sample.all = all <= count;
  const std::int64_t size = std::min(count, all);
  sample.near.resize(static_cast<std::size_t>(size));
  sample.far.resize(sample.near.size());
  at::parallel_for(0, size, 1024, [&](std::int64_t begin, std::int64_t end) {
    Space near(near_rows);
    Space far(far_rows);
    std::int64_t i = 0;
    std::int64_t row = 0;  // pairs of rows before i
    for (std::int64_t k = begin; k < end; ++k) {
      std::int64_t j = 0;
      if (sample.all) {
        while (k >= row + (n - 1 - i)) row += n - 1 - i++;
        j = i + 1 + (k - row);
      } else {
        // A stream a pair, so that threads need no common generator.
        Random random(seed, static_cast<std::uint64_t>(k));
        const auto below = [&](std::int64_t bound) {
          return static_cast<std::int64_t>(
              random.Below(static_cast<std::uint64_t>(bound)));
        };
        i = below(n);
        j = below(n - 1);
        if (j >= i) ++j;
      }
      sample.near[k] = near.Cosine(i, j);
      sample.far[k] = far.Cosine(i, j);
    }
  });
  return sample;
}

double SampleQuantile(const PairSample& sample,
                      const std::vector<float>& cosines,
                      double q,
                      const char* flag) {
  EYECHART_CHECK(q > 0 && q < 1, "{} {}", flag, q);
  EYECHART_REQUIRE(!cosines.empty(), "{} {}: there is no pair of pictures",
                   flag, q);
  const auto n = static_cast<double>(cosines.size());
  EYECHART_REQUIRE(
      sample.all || std::lround(n * std::min(q, 1 - q)) >= kLeastBeyond,
      "{} {}: of {} sampled pairs fewer than {} would lie beyond it; give a "
      "quantile nearer to the middle, or a cosine",
      flag, q, cosines.size(), kLeastBeyond);
  std::vector<float> values = cosines;
  const auto rank = static_cast<std::ptrdiff_t>(std::ceil(q * n)) - 1;
  std::nth_element(values.begin(), values.begin() + rank, values.end());
  return std::round(double{values[static_cast<std::size_t>(rank)]} * 1e5) / 1e5;
}

}  // namespace eyechart::mining
