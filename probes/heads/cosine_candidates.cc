#include "probes/heads/cosine_candidates.h"

#include <algorithm>
#include <limits>

namespace eyechart::probes {
namespace {

// The first block from `i` on, blocks of kGlance values, that holds one of at
// least `least`; the last whole block's end where none does.
constexpr std::int64_t kGlance = 32;
__attribute__((target_clones("default", "avx2"))) std::int64_t NextBlock(
    const float* x, std::int64_t i, std::int64_t n, float least) {
  for (; i + kGlance <= n; i += kGlance) {
    int any = 0;
    for (std::int64_t j = 0; j < kGlance; ++j) any |= x[i + j] >= least ? 1 : 0;
    if (any != 0) return i;
  }
  return i;
}

}  // namespace

void CosineCandidates::Reset(std::int64_t k, float slack) {
  k_ = static_cast<std::size_t>(k);
  slack_ = slack;
  least_ = -std::numeric_limits<float>::infinity();
  limit_ = 4 * k_ + 256;
  found_.clear();
}

void CosineCandidates::Look(const float* cosines,
                            std::int64_t n,
                            std::int64_t first_row) {
  std::int64_t i = 0;
  // Most blocks hold nothing and cost one glance.
  while ((i = NextBlock(cosines, i, n, least_)) + kGlance <= n)
    for (const std::int64_t end = i + kGlance; i < end; ++i)
      Take(cosines[i], first_row + i);
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
