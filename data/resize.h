// Resampling that is bit-identical to Pillow's Image.resize on 8-bit RGB.
#pragma once

#include <string>
#include <string_view>

#include "data/image.h"

namespace eyechart::data {

/// Pillow's filters; the values are Pillow's own numbers, which
/// preprocessor_config.json uses.
enum class Filter {
  kNearest = 0,
  kLanczos = 1,
  kBilinear = 2,
  kBicubic = 3,
  kBox = 4,
  kHamming = 5,
};

/// "bicubic" and so on.
std::string_view FilterName(Filter filter);

/// `image` resampled to width x height, both at least 1. Pillow's two passes in
/// fixed point with 8-bit rounding between, in Pillow 13's order: horizontal
/// first unless more than twice as many rows as columns are lost.
/// Source: the arithmetic of Pillow's ImagingResample.
Image Resize(const Image& image, int width, int height, Filter filter);
/// The same of a part of the image, which lies within it: Pillow's `box`.
Image Resize(
    const Image& image, const Box& box, int width, int height, Filter filter);

}  // namespace eyechart::data
