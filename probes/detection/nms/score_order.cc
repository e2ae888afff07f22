#include "probes/detection/nms/score_order.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>

#include "core/error.h"

namespace eyechart::detection {
namespace {

constexpr int kDigits = 3;
constexpr int kBits = 11;
constexpr std::uint32_t kBins = 1u << kBits;
// Below it the counting costs more than comparing.
constexpr std::size_t kFewScores = 200;

// A number that ascends where the score descends.
std::uint32_t KeyOf(float score) {
  if (std::isnan(score)) return 0;
  const auto bits = std::bit_cast<std::uint32_t>(score + 0.0f);  // -0 to 0
  return (bits >> 31) != 0 ? bits : ~bits & 0x7fffffffu;
}

// The key above, the index below: all differ, and order by index is stability.
using Entry = std::uint64_t;

std::uint32_t Digit(Entry entry, int digit) {
  return static_cast<std::uint32_t>(entry >> (32 + digit * kBits)) &
         (kBins - 1);
}

// Least significant digit first.
void RadixSort(std::vector<Entry>& entries) {
  std::array<std::array<std::uint32_t, kBins>, kDigits> counts{};
  for (const Entry entry : entries)
    for (int digit = 0; digit < kDigits; ++digit)
      ++counts[static_cast<std::size_t>(digit)][Digit(entry, digit)];
  std::vector<Entry> other(entries.size());
  for (int digit = 0; digit < kDigits; ++digit) {
    auto& starts = counts[static_cast<std::size_t>(digit)];
    if (starts[Digit(entries[0], digit)] == entries.size()) continue;
    std::uint32_t sum = 0;
    for (std::uint32_t& start : starts) {
      const std::uint32_t count = start;
      start = sum;
      sum += count;
    }
    for (const Entry entry : entries)
      other[starts[Digit(entry, digit)]++] = entry;
    entries.swap(other);
  }
}

}  // namespace

std::vector<std::uint32_t> ScoreOrder(std::span<const float> scores) {
  EYECHART_CHECK(scores.size() < std::numeric_limits<std::uint32_t>::max(),
                 "{} scores", scores.size());
  std::vector<Entry> entries(scores.size());
  for (std::size_t i = 0; i < scores.size(); ++i)
    entries[i] = (Entry{KeyOf(scores[i])} << 32) | i;
  if (entries.size() < kFewScores)
    std::sort(entries.begin(), entries.end());
  else
    RadixSort(entries);
  std::vector<std::uint32_t> order(entries.size());
  std::transform(entries.begin(), entries.end(), order.begin(),
                 [](Entry entry) { return static_cast<std::uint32_t>(entry); });
  return order;
}

}  // namespace eyechart::detection
