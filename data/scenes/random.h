// The generator behind every picture. Not <random>'s distributions: they differ
// between standard libraries, and with them the pictures would.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace eyechart::scenes {

/// xoshiro256** (Blackman and Vigna 2018), seeded through SplitMix64. An item's
/// stream depends on its three names alone, so that any subset, in any order
/// and on any number of threads, draws the same.
class Rng {
 public:
  /// `stream` says what is drawn ("orientation", "clock"), `index` which one.
  Rng(std::uint64_t seed, std::string_view stream, std::int64_t index);

  std::uint64_t Next();
  /// Uniform in [0, 1), 53 bits.
  double Unit() { return static_cast<double>(Next() >> 11) * 0x1p-53; }
  /// Uniform in [low, high).
  double Uniform(double low, double high) {
    return low + (high - low) * Unit();
  }
  /// Uniform in 0..count-1; count > 0. The bias is below count / 2^32.
  int Below(int count) {
    return static_cast<int>(
        (Next() >> 32) * static_cast<std::uint64_t>(count) >> 32);
  }
  /// Uniform in low..high, both included.
  int Between(int low, int high) { return low + Below(high - low + 1); }
  bool Chance(double share) { return Unit() < share; }
  template <typename T, std::size_t N>
  const T& Pick(const std::array<T, N>& from) {
    return from[static_cast<std::size_t>(Below(static_cast<int>(N)))];
  }
  template <typename T>
  const T& Pick(std::span<const T> from) {
    return from[static_cast<std::size_t>(Below(static_cast<int>(from.size())))];
  }
  /// Fisher and Yates.
  template <typename Range>
  void Shuffle(Range& range) {
    for (int i = static_cast<int>(range.size()) - 1; i > 0; --i) {
      const int j = Below(i + 1);
      std::swap(range[static_cast<std::size_t>(i)],
                range[static_cast<std::size_t>(j)]);
    }
  }

 private:
  std::array<std::uint64_t, 4> state_;
};

}  // namespace eyechart::scenes
