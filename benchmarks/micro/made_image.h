// Pictures that compress and resample as photographs do, from a seed.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "core/random.h"
#include "data/image.h"

namespace eyechart::benchmarks {

/// Smooth waves with some grain: a JPEG of quality 90 takes two to three bits a
/// pixel.
inline data::Image MakeImage(int width, int height, std::uint64_t seed) {
  Random random(seed);
  data::Image image{width, height, {}};
  image.pixels.reserve(static_cast<std::size_t>(width) *
                       static_cast<std::size_t>(height) * 3);
  const double slant = 0.01 + 0.02 * random.Uniform();
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const double grain = 24 * (random.Uniform() - 0.5);
      for (int c = 0; c < 3; ++c) {
        const double wave = std::sin(slant * x + 0.013 * (c + 1) * y);
        image.pixels.push_back(static_cast<std::uint8_t>(
            std::clamp(128 + 90 * wave + grain, 0.0, 255.0)));
      }
    }
  }
  return image;
}

}  // namespace eyechart::benchmarks
