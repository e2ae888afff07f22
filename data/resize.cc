#include "data/resize.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <vector>

#include "core/error.h"
#include "data/resize_kernels.h"

namespace eyechart::data {
namespace {

double BoxWeight(double x) { return x > -0.5 && x <= 0.5 ? 1.0 : 0.0; }

double Triangle(double x) {
  x = std::fabs(x);
  return x < 1.0 ? 1.0 - x : 0.0;
}

double Hamming(double x) {
  x = std::fabs(x);
  if (x == 0.0) return 1.0;
  if (x >= 1.0) return 0.0;
  x *= std::numbers::pi;
  // Pillow writes these two constants in single precision.
  return std::sin(x) / x * (double{0.54f} + double{0.46f} * std::cos(x));
}

double Bicubic(double x) {
  constexpr double kA = -0.5;
  x = std::fabs(x);
  if (x < 1.0) return ((kA + 2.0) * x - (kA + 3.0)) * x * x + 1;
  if (x < 2.0) return (((x - 5) * x + 8) * x - 4) * kA;
  return 0.0;
}

double Sinc(double x) {
  if (x == 0.0) return 1.0;
  x *= std::numbers::pi;
  return std::sin(x) / x;
}

double Lanczos(double x) {
  return x >= -3.0 && x < 3.0 ? Sinc(x) * Sinc(x / 3) : 0.0;
}

struct Kernel {
  double (*weight)(double);
  double support;  // half width, in output pixels when shrinking
};

Kernel KernelOf(Filter filter) {
  switch (filter) {
    case Filter::kBox:
      return {BoxWeight, 0.5};
    case Filter::kBilinear:
      return {Triangle, 1.0};
    case Filter::kHamming:
      return {Hamming, 1.0};
    case Filter::kBicubic:
      return {Bicubic, 2.0};
    case Filter::kLanczos:
      return {Lanczos, 3.0};
    case Filter::kNearest:
      break;
  }
  EYECHART_CHECK(false, "filter {} has no kernel", static_cast<int>(filter));
}

// What is resized along one axis: from `begin` to `end` of `size` samples.
struct Span {
  double begin = 0;
  double end = 0;
  int size = 0;

  bool IsWhole(int out_size) const {
    return size == out_size && begin == 0 && end == size;
  }
};

// The weights of one axis. In double, normalised, then rounded half away from
// zero to fixed point, as Pillow does: every step shows in the last bit.
internal::AxisWeights MakeWeights(const Span& in, int out_size, Filter filter) {
  const Kernel kernel = KernelOf(filter);
  const double scale = (in.end - in.begin) / out_size;
  const double filter_scale = std::max(scale, 1.0);
  const double support = kernel.support * filter_scale;
  const double inverse = 1.0 / filter_scale;

  internal::AxisWeights axis;
  axis.taps = static_cast<int>(std::ceil(support)) * 2 + 1;
  axis.first.resize(out_size);
  axis.count.resize(out_size);
  axis.weights.assign(static_cast<std::size_t>(out_size) * axis.taps, 0);
  std::vector<double> row(axis.taps);
  for (int out = 0; out < out_size; ++out) {
    const double center = in.begin + (out + 0.5) * scale;
    const int first = std::max(0, static_cast<int>(center - support + 0.5));
    const int last =
        std::min(in.size, static_cast<int>(center + support + 0.5));
    const int count = last - first;
    double sum = 0.0;
    for (int i = 0; i < count; ++i) {
      row[i] = kernel.weight((i + first - center + 0.5) * inverse);
      sum += row[i];
    }
    std::int32_t* weights =
        axis.weights.data() + static_cast<std::size_t>(out) * axis.taps;
    for (int i = 0; i < count; ++i) {
      const double w = (sum != 0.0 ? row[i] / sum : row[i]) *
                       (1 << internal::kPrecisionBits);
      weights[i] = static_cast<std::int32_t>(w < 0 ? w - 0.5 : w + 0.5);
    }
    axis.first[out] = first;
    axis.count[out] = count;
  }
  return axis;
}

// Source positions of Pillow's nearest filter: the running sum, with its
// rounding, of an affine transform.
std::vector<int> NearestPositions(const Span& in, int out_size) {
  const double step = (in.end - in.begin) / out_size;
  double position = in.begin + step * 0.5;
  std::vector<int> positions(out_size);
  for (int& p : positions) {
    p = std::min(static_cast<int>(position), in.size - 1);
    position += step;
  }
  return positions;
}

Image ResizeNearest(const Image& image,
                    const std::vector<int>& columns,
                    const std::vector<int>& rows) {
  const auto width = static_cast<int>(columns.size());
  const auto height = static_cast<int>(rows.size());
  Image out{width, height, {}};
  out.pixels.resize(static_cast<std::size_t>(width) * height * 3);
  std::uint8_t* to = out.pixels.data();
  for (const int row : rows) {
    const std::uint8_t* from =
        image.pixels.data() + static_cast<std::size_t>(row) * image.width * 3;
    for (const int column : columns) {
      std::copy_n(from + static_cast<std::size_t>(column) * 3, 3, to);
      to += 3;
    }
  }
  return out;
}

// Rows `first` to `last` of the image, at another width.
Image ResizeAcross(const Image& image,
                   int first,
                   int last,
                   const internal::AxisWeights& weights) {
  const auto width = static_cast<int>(weights.first.size());
  Image out{width, last - first, {}};
  out.pixels.resize(static_cast<std::size_t>(width) * out.height * 3);
  internal::ResizeRows(
      image.pixels.data() + static_cast<std::size_t>(first) * image.width * 3,
      image.width, out.height, weights, out.pixels.data());
  return out;
}

Image ResizeDown(const Image& image, const internal::AxisWeights& weights) {
  const std::size_t row_bytes = static_cast<std::size_t>(image.width) * 3;
  Image out{image.width, static_cast<int>(weights.first.size()), {}};
  out.pixels.resize(row_bytes * out.height);
  internal::ResizeColumns(image.pixels.data(), row_bytes, weights,
                          out.pixels.data());
  return out;
}

// Pillow 13 resizes a picture that loses more height than twice the width it
// loses vertically first; the 8-bit rounding between the passes shows which.
// (Before 13 the horizontal pass always came first.)
bool DownFirst(const Image& image, int width, int height) {
  const std::int64_t lost_height = std::int64_t{image.height} - height;
  const std::int64_t lost_width = std::int64_t{image.width} - width;
  return lost_height > 0 && lost_height > 2 * lost_width;
}

}  // namespace

std::string_view FilterName(Filter filter) {
  constexpr std::array<std::string_view, 6> kNames = {
      "nearest", "lanczos", "bilinear", "bicubic", "box", "hamming"};
  return kNames.at(static_cast<std::size_t>(filter));
}

Image Resize(const Image& image, int width, int height, Filter filter) {
  return Resize(image, WholeOf(image), width, height, filter);
}

Image Resize(
    const Image& image, const Box& box, int width, int height, Filter filter) {
  EYECHART_CHECK(image.width > 0 && image.height > 0 && width > 0 && height > 0,
                 "resize of {}x{} to {}x{}", image.width, image.height, width,
                 height);
  const Span columns = {box.left, box.right, image.width};
  const Span rows = {box.top, box.bottom, image.height};
  for (const Span& span : {columns, rows})
    EYECHART_CHECK(
        span.begin >= 0 && span.begin < span.end && span.end <= span.size,
        "resize of {} to {} of {} samples", span.begin, span.end, span.size);
  const bool across = !columns.IsWhole(width);
  const bool down = !rows.IsWhole(height);
  if (!across && !down) return image;
  if (filter == Filter::kNearest)
    return ResizeNearest(image, NearestPositions(columns, width),
                         NearestPositions(rows, height));
  if (!down)
    return ResizeAcross(image, 0, image.height,
                        MakeWeights(columns, width, filter));
  internal::AxisWeights down_weights = MakeWeights(rows, height, filter);
  if (!across) return ResizeDown(image, down_weights);
  const internal::AxisWeights weights = MakeWeights(columns, width, filter);
  if (DownFirst(image, width, height))
    return ResizeAcross(ResizeDown(image, down_weights), 0, height, weights);
  // Only the rows that the second pass reads.
  const int first = down_weights.first.front();
  const int last = down_weights.first.back() + down_weights.count.back();
  for (int& f : down_weights.first) f -= first;
  return ResizeDown(ResizeAcross(image, first, last, weights), down_weights);
}

}  // namespace eyechart::data
