// What every kind of generated picture is drawn with.
#pragma once

namespace eyechart::scenes {

/// Part of every manifest: pictures of one version and seed have equal pixels.
/// Raised by whatever changes a pixel.
inline constexpr int kRendererVersion = 1;

struct RenderOptions {
  /// Side of the square picture in pixels, 32 to 4096; 224 is what most
  /// encoders, and MMVP, use. Difficulties in pixels grow with it.
  int size = 224;
  /// Background, place, size, colours, noise and partial occlusion drawn from
  /// the seed; off, every picture has the same plain setting.
  bool nuisance = true;
  /// The picture as it is after JPEG at the drawn quality (75 to 95), as a file
  /// would give it; off by default, as it depends on the libjpeg at hand.
  bool jpeg = false;
};

}  // namespace eyechart::scenes
