#include "probes/detection/evaluation/score_order.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>

namespace eyechart::detection {
namespace {

using Keyed = MatchScratch::Keyed;

constexpr unsigned kDigitBits = 11;
constexpr std::size_t kDigits = (64 + kDigitBits - 1) / kDigitBits;
constexpr std::size_t kValues = std::size_t{1} << kDigitBits;

// By image; files are mostly written in that order already.
void SortByImage(MatchScratch& scratch) {
  std::vector<Keyed>& keyed = scratch.keyed;
  const auto before = [](const Keyed& a, const Keyed& b) {
    return a.image < b.image;
  };
  if (std::is_sorted(keyed.begin(), keyed.end(), before)) return;
  if (keyed.size() < scratch.cursor.size() / 8) {
    std::stable_sort(keyed.begin(), keyed.end(), before);
    return;
  }
  std::fill(scratch.cursor.begin(), scratch.cursor.end(), 0);
  for (const Keyed& one : keyed) ++scratch.cursor[one.image];
  std::uint32_t sum = 0;
  for (std::uint32_t& place : scratch.cursor) {
    const std::uint32_t n = place;
    place = sum;
    sum += n;
  }
  scratch.other.resize(keyed.size());
  for (const Keyed& one : keyed)
    scratch.other[scratch.cursor[one.image]++] = one;
  keyed.swap(scratch.other);
}

void RadixSort(MatchScratch& scratch) {
  std::array<std::array<std::uint32_t, kValues>, kDigits> counts{};
  for (const Keyed& one : scratch.keyed)
    for (std::size_t d = 0; d < kDigits; ++d)
      ++counts[d][(one.key >> (d * kDigitBits)) % kValues];
  const std::size_t n = scratch.keyed.size();
  scratch.other.resize(n);
  for (std::size_t d = 0; d < kDigits; ++d) {
    const unsigned shift = static_cast<unsigned>(d) * kDigitBits;
    std::array<std::uint32_t, kValues>& count = counts[d];
    // Scores that were single precision once are 0 in the low digits.
    if (count[(scratch.keyed.front().key >> shift) % kValues] == n) continue;
    std::uint32_t sum = 0;
    for (std::uint32_t& place : count) {
      const std::uint32_t here = place;
      place = sum;
      sum += here;
    }
    for (const Keyed& one : scratch.keyed)
      scratch.other[count[(one.key >> shift) % kValues]++] = one;
    scratch.keyed.swap(scratch.other);
  }
}

}  // namespace

std::uint64_t ScoreKey(double score) {
  constexpr std::uint64_t kSign = std::uint64_t{1} << 63;
  const auto bits = std::bit_cast<std::uint64_t>(score + 0.0);
  // Ascending with the score: negative numbers turned round. Then descending.
  return ~((bits & kSign) != 0 ? ~bits : bits | kSign);
}

void SortByScore(MatchScratch& scratch) {
  if (scratch.keyed.empty()) return;
  SortByImage(scratch);
  // Below this counting digits costs more than comparing.
  constexpr std::size_t kFew = 1500;
  if (scratch.keyed.size() >= kFew) {
    RadixSort(scratch);
    return;
  }
  std::stable_sort(
      scratch.keyed.begin(), scratch.keyed.end(),
      [](const Keyed& a, const Keyed& b) { return a.key < b.key; });
}

}  // namespace eyechart::detection
