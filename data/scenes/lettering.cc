#include "data/scenes/lettering.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

namespace eyechart::scenes {
namespace {

// Of Hershey's capitals, in the units of OpenCV's font scale: from 12 above the
// middle line to 9 below it.
constexpr double kCapHeight = 21;

int FontOf(Face face) {
  switch (face) {
    case Face::kSimplex:
      return cv::FONT_HERSHEY_SIMPLEX;
    case Face::kDuplex:
      return cv::FONT_HERSHEY_DUPLEX;
    case Face::kComplex:
      return cv::FONT_HERSHEY_COMPLEX;
    case Face::kTriplex:
      return cv::FONT_HERSHEY_TRIPLEX;
  }
  return cv::FONT_HERSHEY_SIMPLEX;
}

}  // namespace

double TextWidth(const std::string& text, double height, Face face) {
  int baseline = 0;
  // At a large scale, as the size comes back in whole pixels.
  return cv::getTextSize(text, FontOf(face), 16, 1, &baseline).width / 16.0 *
         height / kCapHeight;
}

data::Box PaintText(Canvas& canvas,
                    const std::string& text,
                    Point center,
                    double height,
                    double weight,
                    Face face,
                    const Paint& paint) {
  const double width = TextWidth(text, height, face);
  const double margin = weight + 2;
  const int left = static_cast<int>(std::floor(center.x - width / 2 - margin));
  const int top =
      static_cast<int>(std::floor(center.y - height * 0.6 - margin));
  const int columns = static_cast<int>(std::ceil(width + 2 * margin)) + 2;
  const int rows = static_cast<int>(std::ceil(height * 1.5 + 2 * margin)) + 2;
  std::vector<std::uint8_t> mask(
      static_cast<std::size_t>(columns) * rows * kSamples * kSamples, 0);
  cv::Mat samples(rows * kSamples, columns * kSamples, CV_8UC1, mask.data());
  const double x = (center.x - width / 2 - left) * kSamples;
  const double y = (center.y + height / 2 - top) * kSamples;
  cv::putText(samples, text,
              {static_cast<int>(std::floor(x + 0.5)),
               static_cast<int>(std::floor(y + 0.5))},
              FontOf(face), height * kSamples / kCapHeight, cv::Scalar(1),
              std::max(1, static_cast<int>(weight * kSamples + 0.5)),
              cv::LINE_8);
  canvas.Blend(left, top, columns, rows, mask, paint);
  return {static_cast<double>(left), static_cast<double>(top),
          static_cast<double>(left + columns), static_cast<double>(top + rows)};
}

}  // namespace eyechart::scenes
