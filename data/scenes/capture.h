// The camera's part of the nuisance: noise and JPEG quality.
#pragma once

#include <cstdint>

#include "data/image.h"
#include "data/scenes/random.h"
#include "data/scenes/render_options.h"

namespace eyechart::scenes {

struct Capture {
  double noise = 0;  // standard deviation, in levels of 255
  std::uint64_t noise_seed = 0;
  int jpeg_quality = 90;
};

/// Noise up to 5 levels and quality 75 to 95; none and 90 without nuisance.
Capture DrawCapture(Rng& rng, const RenderOptions& options);

/// Adds the noise, the same for pictures of one capture, and sends the picture
/// through JPEG where the options say so.
void Develop(data::Image& image,
             const Capture& capture,
             const RenderOptions& options);

}  // namespace eyechart::scenes
