#include "data/scenes/canvas.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

#include "core/error.h"

namespace eyechart::scenes {
namespace {

// Polygon corners in 1/256 of a sample.
constexpr int kShift = 8;

int Fixed(double samples) {
  return static_cast<int>(std::floor(samples * (1 << kShift) + 0.5));
}

// Covered samples of each 4 x 4 pixel, from four rows of 0 and 1.
int Covered(const std::uint8_t* row, std::size_t stride) {
  std::uint32_t sum = 0;
  for (int i = 0; i < kSamples; ++i, row += stride) {
    std::uint32_t four;
    std::memcpy(&four, row, sizeof four);
    sum += four;
  }
  return static_cast<int>(sum * 0x01010101u >> 24);
}

std::uint8_t BlendChannel(int below, int above, int weight) {
  return static_cast<std::uint8_t>(
      (below * (4096 - weight) + above * weight + 2048) >> 12);
}

}  // namespace

Paint Lit(Color color) {
  return {Mixed(color, kWhite, 0.22), Shaded(color, 0.74)};
}

Canvas::Canvas(int size) : Canvas(size, size) {
  EYECHART_REQUIRE(size >= 32 && size <= 4096,
                   "picture size {}: should be 32 to 4096 pixels", size);
}

Canvas::Canvas(int width, int height) {
  // Memory is taken before the square's own check: a bound on it here.
  EYECHART_REQUIRE(width > 0 && height > 0 && width <= 16384 && height <= 16384,
                   "picture size {} x {}: should be 1 to 16384 pixels a side",
                   width, height);
  image_.width = width;
  image_.height = height;
  const std::size_t count = static_cast<std::size_t>(width) * height;
  image_.pixels.assign(count * 3, 255);
  owners_.assign(count, 0);
}

void Canvas::FillRows(double top, double bottom, Color from, Color to) {
  const int first = std::max(0, static_cast<int>(std::floor(top + 0.5)));
  const int last =
      std::min(image_.height, static_cast<int>(std::floor(bottom + 0.5)));
  for (int y = first; y < last; ++y) {
    const Color color = Mixed(from, to, (y - top) / (bottom - top));
    std::uint8_t* pixel =
        &image_.pixels[static_cast<std::size_t>(y) * image_.width * 3];
    for (int x = 0; x < image_.width; ++x, pixel += 3) {
      pixel[0] = color.r;
      pixel[1] = color.g;
      pixel[2] = color.b;
    }
  }
}

void Canvas::Fill(const Outline& outline, const Paint& paint) {
  if (outline.size() < 3) return;
  const data::Box bounds = BoundsOf(outline);
  const int left = std::max(0, static_cast<int>(std::floor(bounds.left - 0.2)));
  const int top = std::max(0, static_cast<int>(std::floor(bounds.top - 0.2)));
  const int right =
      std::min(image_.width, static_cast<int>(std::ceil(bounds.right + 0.2)));
  const int bottom =
      std::min(image_.height, static_cast<int>(std::ceil(bounds.bottom + 0.2)));
  if (left >= right || top >= bottom) return;
  const int width = right - left;
  const int height = bottom - top;
  mask_.assign(static_cast<std::size_t>(width) * height * kSamples * kSamples,
               0);
  cv::Mat mask(height * kSamples, width * kSamples, CV_8UC1, mask_.data());
  std::vector<cv::Point> corners;
  corners.reserve(outline.size());
  // A sample's centre stands half a sample from its corner; OpenCV's whole
  // coordinates are centres.
  for (const Point& p : outline)
    corners.emplace_back(Fixed((p.x - left) * kSamples - 0.5),
                         Fixed((p.y - top) * kSamples - 0.5));
  const cv::Point* points = corners.data();
  const int count = static_cast<int>(corners.size());
  cv::fillPoly(mask, &points, &count, 1, cv::Scalar(1), cv::LINE_8, kShift);
  Blend(left, top, width, height, mask_, paint);
}

void Canvas::Blend(int left,
                   int top,
                   int width,
                   int height,
                   std::span<const std::uint8_t> samples,
                   const Paint& paint) {
  const std::size_t stride = static_cast<std::size_t>(width) * kSamples;
  const int opacity = static_cast<int>(paint.opacity * 256 + 0.5);
  const bool flat = paint.from == paint.to;
  // The gradient runs along x + 2 y: mostly downwards.
  const int span = std::max(1, width + 2 * height);
  for (int y = 0; y < height; ++y) {
    if (top + y < 0 || top + y >= image_.height) continue;
    for (int x = 0; x < width; ++x) {
      if (left + x < 0 || left + x >= image_.width) continue;
      const int covered =
          Covered(&samples[static_cast<std::size_t>(y) * kSamples * stride +
                           static_cast<std::size_t>(x) * kSamples],
                  stride);
      if (covered == 0) continue;
      const std::size_t at =
          static_cast<std::size_t>(top + y) * image_.width + left + x;
      std::uint8_t* pixel = &image_.pixels[at * 3];
      const int share = flat ? 0 : (x + 2 * y) * 256 / span;
      const auto channel = [share](int from, int to) {
        return from + (to - from) * share / 256;
      };
      const int weight = covered * opacity;
      pixel[0] =
          BlendChannel(pixel[0], channel(paint.from.r, paint.to.r), weight);
      pixel[1] =
          BlendChannel(pixel[1], channel(paint.from.g, paint.to.g), weight);
      pixel[2] =
          BlendChannel(pixel[2], channel(paint.from.b, paint.to.b), weight);
      if (2 * covered >= kSamples * kSamples && 2 * opacity >= 256)
        owners_[at] = owner_;
    }
  }
  touched_ =
      Union(touched_, {static_cast<double>(left), static_cast<double>(top),
                       static_cast<double>(left + width),
                       static_cast<double>(top + height)});
}

data::Box Canvas::TakeTouched() {
  const data::Box touched = touched_;
  touched_ = {};
  return touched;
}

}  // namespace eyechart::scenes
