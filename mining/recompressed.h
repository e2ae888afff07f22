// Whether a picture is another one, resized or compressed again.
#pragma once

#include <string_view>
#include <vector>

namespace eyechart::mining {

/// A picture reduced to what survives resizing and compression.
struct SmallPicture {
  int width = 0;  // of the picture itself, pixels
  int height = 0;
  /// kSmallSide x kSmallSide luma, then both colour differences, in 1/255 of
  /// the full range.
  std::vector<float> planes;
};

inline constexpr int kSmallSide = 32;

/// Two versions of a picture differ by no more than this, in 1/255 of the full
/// range (SmallDifference). Measured on 5 712 copies of 72 generated pictures
/// and 40 photographs (sides x 0.5 to 2 with four smoothing filters, JPEG of
/// quality 50 to 95): 9.8 at most. Of 432 pairs of pictures that differ in one
/// detail, at the four easier steps of nine patterns, 7 lie below it, all of
/// them in small lettering. Correlation of the same 32 x 32 luma does much
/// worse: at the bound that takes every copy in, a fifth of those pairs are.
/// Halved without smoothing, a fifth of the generated pictures and 1 % of the
/// photographs lie above it: those are told as near, not as resized.
inline constexpr double kSameDifference = 10;

/// Decodes JPEG, PNG, WebP, BMP or TIFF bytes. Throws data::DecodeError.
SmallPicture ReduceToSmall(std::string_view bytes);

/// The largest difference of the two means over any 2 x 2 pixels of a plane, in
/// 1/255 of the full range: one changed detail stands out, while what
/// compression does averages away.
double SmallDifference(const SmallPicture& a, const SmallPicture& b);

/// Whether the sides are in proportion (within 2 %, or a pixel of the smaller
/// picture) and SmallDifference is at most kSameDifference. Pictures that are
/// flat throughout hold nothing to tell them apart by: where they matter,
/// something else has to say that they are alike.
bool IsSamePicture(const SmallPicture& a, const SmallPicture& b);

}  // namespace eyechart::mining
