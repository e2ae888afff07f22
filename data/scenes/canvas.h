// A picture being painted, and who owns each of its pixels.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "data/image.h"
#include "data/scenes/color.h"
#include "data/scenes/geometry.h"

namespace eyechart::scenes {

/// Colour from the upper left to the lower right of a shape, as if lit from
/// there; one flat colour where both are equal.
struct Paint {
  Color from;
  Color to;
  double opacity = 1;  // 0..1
};

inline Paint Flat(Color color, double opacity = 1) {
  return {color, color, opacity};
}
/// Lighter above, darker below.
Paint Lit(Color color);

/// Anti-aliased by 4 x 4 samples a pixel: OpenCV's integer polygon filling on a
/// mask, counted and blended in integers, so that neither the processor's
/// vector width nor cv::setUseOptimized changes a byte.
class Canvas {
 public:
  /// A square of `size` pixels a side, 32 to 4096.
  explicit Canvas(int size);
  /// Any size, for sheets of pictures.
  Canvas(int width, int height);

  /// The width: the side of a square.
  int size() const { return image_.width; }
  const data::Image& image() const { return image_; }
  data::Image& image() { return image_; }

  /// Fills whole rows from `top` up to `bottom` with a vertical gradient.
  void FillRows(double top, double bottom, Color from, Color to);
  /// Fills a closed outline given in pixels; crossing parts by even-odd.
  void Fill(const Outline& outline, const Paint& paint);

  /// A mask of samples with `left, top` in pixels as its corner: what Fill and
  /// lettering blend. `samples` is row-major, 4 * width x 4 * height, 0 or 1.
  void Blend(int left,
             int top,
             int width,
             int height,
             std::span<const std::uint8_t> samples,
             const Paint& paint);

  /// Pixels at least half covered by later fills belong to `owner` (0: none).
  void SetOwner(std::uint8_t owner) { owner_ = owner; }
  std::span<const std::uint8_t> owners() const { return owners_; }

  /// Smallest box, in whole pixels, around all that was filled since the last
  /// call.
  data::Box TakeTouched();

 private:
  data::Image image_;
  std::vector<std::uint8_t> owners_;
  std::uint8_t owner_ = 0;
  data::Box touched_;
  std::vector<std::uint8_t> mask_;  // kept to spare allocations
};

/// Samples a pixel along each axis.
inline constexpr int kSamples = 4;

}  // namespace eyechart::scenes
