// Single operations on a picture, as training-time augmentation strings them
// together. Each is a pure function and bit-identical to Pillow 13's on mode
// RGB.
#pragma once

#include "data/image.h"

namespace eyechart::data {

/// The part of `image` from (left, top), width x height pixels, which lies
/// within it. Unlike Resize with a Box, what is resized afterwards sees nothing
/// outside the part.
Image Crop(const Image& image, int left, int top, int width, int height);

/// Left and right exchanged.
Image FlipHorizontally(const Image& image);

/// ImageOps.autocontrast: each channel stretched to 0 ... 255. A channel of one
/// value stays.
Image AutoContrast(const Image& image);

/// ImageOps.equalize: each channel's histogram made flat.
Image Equalize(const Image& image);

/// ImageOps.invert: 255 - v.
Image Invert(const Image& image);

/// ImageOps.posterize: the `bits` high bits of each sample kept, 0 to 8. 0
/// gives black, as in Pillow before it refused that.
Image Posterize(const Image& image, int bits);

/// ImageOps.solarize: samples of `threshold` and above inverted; 0 to 256.
Image Solarize(const Image& image, int threshold);

/// Samples below 128 plus `addend` (0 to 255), at most 255; others stay.
/// Source: timm's solarize_add.
Image SolarizeAdd(const Image& image, int addend);

/// ImageEnhance's four: `factor` 1 gives the picture, 0 what it loses (black,
/// its mean grey, its grey version, its smoothed version), more than 1 goes the
/// other way. Finite; timm and torchvision use 0 and more.
Image AdjustBrightness(const Image& image, double factor);
Image AdjustContrast(const Image& image, double factor);
Image AdjustSaturation(const Image& image, double factor);
Image AdjustSharpness(const Image& image, double factor);

/// torchvision's adjust_hue of a PIL picture: to Pillow's 8-bit HSV, the hue
/// turned by `turn` (-0.5 to 0.5 of a circle, which is 255 steps in 256), and
/// back.
Image ShiftHue(const Image& image, double turn);

}  // namespace eyechart::data
