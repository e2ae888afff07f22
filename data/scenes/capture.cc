#include "data/scenes/capture.h"

#include <algorithm>

#include "data/scenes/encode.h"

namespace eyechart::scenes {

Capture DrawCapture(Rng& rng, const RenderOptions& options) {
  Capture capture;
  const double noise = rng.Uniform(0, 5);
  const int quality = rng.Between(75, 95);
  capture.noise_seed = rng.Next();
  if (options.nuisance) {
    capture.noise = noise;
    capture.jpeg_quality = quality;
  }
  return capture;
}

void Develop(data::Image& image,
             const Capture& capture,
             const RenderOptions& options) {
  // Two bytes' sum is triangular, with a standard deviation of 104.5 levels:
  // near enough to a sensor's noise, and whole numbers throughout.
  const int scale = static_cast<int>(capture.noise / 104.5 * 65536 + 0.5);
  if (scale > 0) {
    Rng rng(capture.noise_seed, "noise", 0);
    std::uint64_t word = 0;
    int left = 0;
    for (std::uint8_t& level : image.pixels) {
      if (left == 0) {
        word = rng.Next();
        left = 4;
      }
      const int triangle = static_cast<int>(word & 0xFF) +
                           static_cast<int>(word >> 8 & 0xFF) - 255;
      word >>= 16;
      --left;
      level = static_cast<std::uint8_t>(
          std::clamp(level + ((triangle * scale + 32768) >> 16), 0, 255));
    }
  }
  if (options.jpeg) image = ThroughJpeg(image, capture.jpeg_quality);
}

}  // namespace eyechart::scenes
