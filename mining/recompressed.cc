#include "mining/recompressed.h"

#include <algorithm>
#include <cmath>

#include "data/decode.h"
#include "data/resize.h"

namespace eyechart::mining {
namespace {

constexpr int kPlane = kSmallSide * kSmallSide;
constexpr double kProportion = 0.02;  // how far apart aspect ratios may lie

// Whether `image` could be `large` made smaller, by its sides alone.
bool InProportion(const SmallPicture& image, const SmallPicture& large) {
  const double scale =
      std::sqrt(static_cast<double>(image.width) * image.height /
                (static_cast<double>(large.width) * large.height));
  // Whole pixels: a side of 7.5 has become 7 or 8.
  const auto fits = [scale](int side, int large_side) {
    const double exact = scale * large_side;
    return std::abs(side - exact) <= std::max(1.0, exact * kProportion / 2);
  };
  return fits(image.width, large.width) && fits(image.height, large.height);
}

}  // namespace

SmallPicture ReduceToSmall(std::string_view bytes) {
  data::DecodeOptions options;
  // A JPEG need not be decoded in full for 32 x 32 pixels of it.
  options.mode = data::DecodeMode::kFast;
  const data::Decoded decoded =
      data::Decode(bytes, options, [](const data::PictureSize&) {
        return data::PictureSize{2 * kSmallSide, 2 * kSmallSide};
      });
  const data::Image small = data::Resize(decoded.image, decoded.box, kSmallSide,
                                         kSmallSide, data::Filter::kHamming);
  SmallPicture result;
  result.width = static_cast<int>(decoded.full.width);
  result.height = static_cast<int>(decoded.full.height);
  result.planes.resize(3 * kPlane);
  for (int i = 0; i < kPlane; ++i) {
    const float red = small.pixels[3 * i];
    const float green = small.pixels[3 * i + 1];
    const float blue = small.pixels[3 * i + 2];
    // ITU-R BT.601, as JPEG has it: grey alone overlooks a change of colour.
    const float luma = 0.299f * red + 0.587f * green + 0.114f * blue;
    result.planes[i] = luma;
    result.planes[kPlane + i] = 0.564f * (blue - luma);
    result.planes[2 * kPlane + i] = 0.713f * (red - luma);
  }
  return result;
}

double SmallDifference(const SmallPicture& a, const SmallPicture& b) {
  float worst = 0;
  for (int plane = 0; plane < 3; ++plane) {
    for (int y = 0; y + 1 < kSmallSide; ++y) {
      for (int x = 0; x + 1 < kSmallSide; ++x) {
        const int at = plane * kPlane + y * kSmallSide + x;
        const auto apart = [&](int offset) {
          return a.planes[at + offset] - b.planes[at + offset];
        };
        const float sum =
            apart(0) + apart(1) + apart(kSmallSide) + apart(kSmallSide + 1);
        worst = std::max(worst, std::abs(sum) / 4);
      }
    }
  }
  return worst;
}

bool IsSamePicture(const SmallPicture& a, const SmallPicture& b) {
  const bool a_is_smaller = a.width < b.width;
  return InProportion(a_is_smaller ? a : b, a_is_smaller ? b : a) &&
         SmallDifference(a, b) <= kSameDifference;
}

}  // namespace eyechart::mining
