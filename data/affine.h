// Affine maps of a picture, bit-identical to Pillow 13's Image.transform and
// Image.rotate on mode RGB with a fill colour.
#pragma once

#include <array>
#include <cstdint>

#include "data/image.h"
#include "data/resize.h"

namespace eyechart::data {

/// How a map is sampled.
struct Warp {
  /// kBilinear or kBicubic, the two that timm draws from.
  Filter filter = Filter::kBicubic;
  /// The RGB of what comes from outside the picture; timm's middle grey.
  std::array<std::uint8_t, 3> fill = {128, 128, 128};
};

/// a ... f: the output's (x, y) shows the input's
/// (a x + b y + c, d x + e y + f), in pixels from the first corner.
using AffineMatrix = std::array<double, 6>;

/// `image` under the map, at its own size. Samples are taken at a point:
/// nothing is averaged where the map shrinks.
Image Affine(const Image& image, const AffineMatrix& matrix, const Warp& warp);

/// Turned about its middle, counter-clockwise, by less than a quarter.
Image Rotate(const Image& image, double degrees, const Warp& warp);

/// Rows shifted by `factor` pixels a row (ShearX), columns by `factor` pixels a
/// column (ShearY). Source: timm's shear_x, shear_y.
Image ShearX(const Image& image, double factor, const Warp& warp);
Image ShearY(const Image& image, double factor, const Warp& warp);

/// Shifted to the left (up) by `part` of the width (height). Source: timm's
/// translate_x_rel, translate_y_rel.
Image TranslateX(const Image& image, double part, const Warp& warp);
Image TranslateY(const Image& image, double part, const Warp& warp);

}  // namespace eyechart::data
