#include "mining/findings.h"

#include "core/error.h"

namespace eyechart::mining {
namespace {

void AddTo(std::vector<std::int64_t>& sum,
           const std::vector<std::int64_t>& more) {
  EYECHART_CHECK(sum.size() == more.size(), "{} and {} counts", sum.size(),
                 more.size());
  for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += more[i];
}

}  // namespace

void Findings::Add(const Findings& other) {
  near_pairs += other.near_pairs;
  blind.insert(blind.end(), other.blind.begin(), other.blind.end());
  similar.insert(similar.end(), other.similar.begin(), other.similar.end());
  AddTo(near_counts, other.near_counts);
  AddTo(blind_counts, other.blind_counts);
  AddTo(grid, other.grid);
}

}  // namespace eyechart::mining
