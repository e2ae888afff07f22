#include "probes/heads/cosine_candidates.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <limits>

namespace eyechart::probes {
namespace {

// Blocks of so many values are looked at together, a bit each.
constexpr std::int64_t kGlance = 32;

struct Glance {
  std::int64_t begin = 0;  // of the block; the last whole one's end if no hits
  std::uint32_t hits = 0;
};

// The first block from `i` on that holds a value of at least `least`.
__attribute__((target_clones("default", "avx2"))) Glance NextBlock(
    const float* x, std::int64_t i, std::int64_t n, float least) {
  for (; i + kGlance <= n; i += kGlance) {
    std::uint32_t hits = 0;
    for (std::int64_t j = 0; j < kGlance; ++j)
      hits |= x[i + j] >= least ? std::uint32_t{1} << j : 0U;
    if (hits != 0) return {i, hits};
  }
  return {i, 0};
}

}  // namespace

void CosineCandidates::Reset(std::int64_t k, float slack) {
  k_ = static_cast<std::size_t>(k);
  slack_ = slack;
  least_ = -std::numeric_limits<float>::infinity();
  // A narrower list would be narrowed too often, a wider one lets in too much.
  limit_ = 2 * k_ + 64;
  found_.clear();
}

void CosineCandidates::Look(const float* cosines,
                            std::int64_t n,
                            std::int64_t first_row) {
  std::int64_t i = 0;
  // Most blocks hold nothing and cost one glance.
  while (i < n) {
    Glance found = NextBlock(cosines, i, n, least_);
    i = found.begin;
    if (found.hits == 0) break;
    for (; found.hits != 0; found.hits &= found.hits - 1) {
      const std::int64_t at = i + std::countr_zero(found.hits);
      Take(cosines[at], first_row + at);
    }
    i += kGlance;
  }
  for (; i < n; ++i) Take(cosines[i], first_row + i);
}

std::vector<FoundRow>& CosineCandidates::Finish() {
  if (found_.size() > k_) Narrow();
  return found_;
}

void CosineCandidates::Take(float cosine, std::int64_t row) {
  if (cosine < least_) return;
  found_.emplace_back(cosine, row);
  if (found_.size() >= limit_) Narrow();
}

// Drops what rounding could not lift among the k nearest. Where very many are
// equal nothing can be dropped, and the next look comes later.
void CosineCandidates::Narrow() {
  const auto kth = found_.begin() + static_cast<std::ptrdiff_t>(k_ - 1);
  std::nth_element(
      found_.begin(), kth, found_.end(),
      [](const auto& a, const auto& b) { return a.first > b.first; });
  least_ = kth->first - slack_;
  std::erase_if(found_, [this](const auto& one) { return one.first < least_; });
  limit_ = std::max(limit_, 2 * found_.size());
}

}  // namespace eyechart::probes
