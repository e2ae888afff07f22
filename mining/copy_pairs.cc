#include "mining/copy_pairs.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <set>
#include <utility>

#include "mining/disjoint_sets.h"

namespace eyechart::mining {
namespace {

// Cosine of two rows; 1 where they are equal to the bit, less otherwise.
double CopyCosine(const FeatureRows& rows, std::int64_t i, std::int64_t j) {
  std::vector<float> a(static_cast<std::size_t>(rows.dim()));
  std::vector<float> b(a.size());
  rows.Read(i, a.data());
  rows.Read(j, b.data());
  if (std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0) return 1;
  return std::min(
      ExactCosine(a.data(), rows.norm(i), b.data(), rows.norm(j), rows.dim()),
      std::nextafter(1.0, 0.0));
}

}  // namespace

std::vector<SimilarPair> CopyPairs(const std::vector<SimilarPair>& connect,
                                   double near_min,
                                   double far_min,
                                   const FeatureRows& near,
                                   const FeatureRows& far) {
  DisjointSets sets(static_cast<std::size_t>(near.count()));
  std::set<std::pair<std::int64_t, std::int64_t>> wanted;
  for (const SimilarPair& pair : connect) {
    sets.Join(pair.row_a, pair.row_b);
    wanted.emplace(pair.row_a, pair.row_b);
  }
  for (const SimilarPair& pair : connect)
    for (const std::int64_t row : {pair.row_a, pair.row_b})
      if (const std::int64_t first = sets.Least(row); first != row)
        wanted.emplace(first, row);
  std::vector<SimilarPair> similar;
  for (const auto& [a, b] : wanted) {
    const SimilarPair pair{near.store_row(a), near.store_row(b),
                           CopyCosine(near, a, b), CopyCosine(far, a, b)};
    if (pair.near_cosine > near_min && pair.far_cosine >= far_min)
      similar.push_back(pair);
  }
  return similar;
}

}  // namespace eyechart::mining
