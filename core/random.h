// Random numbers that are the same on every machine and with every library;
// the distributions of <random> are not.
#pragma once

#include <cstdint>

namespace eyechart {

/// SplitMix64 (Steele, Lea and Flood 2014): 64 bits of state, one addition a
/// number. Good enough for sampling and rendering, not for secrets.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  /// A stream of its own for each (seed, stream), so that items can be made in
  /// any order.
  Random(std::uint64_t seed, std::uint64_t stream) : state_(seed) {
    state_ = Next() ^ (stream * 0xd1342543de82ef95ULL);
    state_ = Next();
  }

  std::uint64_t Next() {
    std::uint64_t z = state_ += 0x9e3779b97f4a7c15ULL;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
  }

  /// Uniform in [0, 1), 53 bits.
  double Uniform() { return static_cast<double>(Next() >> 11) * 0x1p-53; }

  /// Uniform in 0 ... n - 1, n > 0; by rejection, so without bias.
  std::uint64_t Below(std::uint64_t n) {
    const std::uint64_t limit = -n % n;  // 2^64 mod n
    std::uint64_t drawn = Next();
    while (drawn < limit) drawn = Next();
    return drawn % n;
  }

 private:
  std::uint64_t state_;
};

}  // namespace eyechart
