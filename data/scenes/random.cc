#include "data/scenes/random.h"

#include <bit>

namespace eyechart::scenes {
namespace {

std::uint64_t SplitMix(std::uint64_t& state) {
  std::uint64_t z = state += 0x9E3779B97F4A7C15u;
  z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
  z = (z ^ z >> 27) * 0x94D049BB133111EBu;
  return z ^ z >> 31;
}

// FNV-1a, 64 bits.
std::uint64_t Hash(std::string_view text) {
  std::uint64_t hash = 0xCBF29CE484222325u;
  for (const char c : text)
    hash = (hash ^ static_cast<std::uint8_t>(c)) * 0x100000001B3u;
  return hash;
}

}  // namespace

Rng::Rng(std::uint64_t seed, std::string_view stream, std::int64_t index) {
  // Each name is mixed before the next comes in: seed 1, index 2 and seed 2,
  // index 1 are unrelated.
  std::uint64_t mix = seed;
  mix = SplitMix(mix) ^ Hash(stream);
  mix = SplitMix(mix) ^ static_cast<std::uint64_t>(index);
  for (std::uint64_t& word : state_) word = SplitMix(mix);
}

std::uint64_t Rng::Next() {
  const std::uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
  const std::uint64_t shifted = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= shifted;
  state_[3] = std::rotl(state_[3], 45);
  return result;
}

}  // namespace eyechart::scenes
