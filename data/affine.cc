#include "data/affine.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "core/error.h"
#include "core/text.h"

namespace eyechart::data {
namespace {

// The four (or two) rows and columns about a point, and how far it lies from
// the first of the middle two. Beyond the picture the border is repeated.
template <int kTaps>
struct Taps {
  std::array<std::size_t, kTaps> at{};
  double part = 0;

  // `position` in pixels from the first corner; samples lie at the halves.
  Taps(double position, int size) {
    const double from_first = position - 0.5;
    const double whole = std::floor(from_first);
    part = from_first - whole;
    const int first = static_cast<int>(whole) - (kTaps / 2 - 1);
    for (int i = 0; i < kTaps; ++i)
      at[static_cast<std::size_t>(i)] =
          static_cast<std::size_t>(std::clamp(first + i, 0, size - 1));
  }
};

// Between the middle values. The order of the operations is Pillow's.
double Lerp(const std::array<double, 2>& v, double part) {
  return v[0] + (v[1] - v[0]) * part;
}

double Lerp(const std::array<double, 4>& v, double part) {
  const double linear = -v[0] + v[2];
  const double square = 2 * (v[0] - v[1]) + v[2] - v[3];
  const double cube = -v[0] + v[1] - v[2] + v[3];
  return v[1] + part * (linear + part * (square + part * cube));
}

// Cut off, not rounded.
std::uint8_t ClipToByte(double value) {
  if (value <= 0.0) return 0;
  return value >= 255.0 ? 255 : static_cast<std::uint8_t>(value);
}

template <int kTaps>
void Sample(const Image& image, double x, double y, std::uint8_t* to) {
  const Taps<kTaps> columns(x, image.width);
  const Taps<kTaps> rows(y, image.height);
  for (std::size_t c = 0; c < 3; ++c) {
    std::array<double, kTaps> down{};
    for (std::size_t j = 0; j < kTaps; ++j) {
      const std::uint8_t* row =
          image.pixels.data() + rows.at[j] * image.width * 3 + c;
      std::array<double, kTaps> across{};
      for (std::size_t i = 0; i < kTaps; ++i)
        across[i] = row[columns.at[i] * 3];
      down[j] = Lerp(across, columns.part);
    }
    to[c] = ClipToByte(Lerp(down, rows.part));
  }
}

// To 15 decimals as Python's round does it, from the number's exact value.
double PythonRounded(double value) {
  return ParseDouble(fmt::format("{:.15f}", value)).value();
}

}  // namespace

Image Affine(const Image& image, const AffineMatrix& matrix, const Warp& warp) {
  const bool cubic = warp.filter == Filter::kBicubic;
  EYECHART_CHECK(cubic || warp.filter == Filter::kBilinear,
                 "affine map with the filter {}", FilterName(warp.filter));
  const auto [a, b, c, d, e, f] = matrix;
  Image out{image.width, image.height, {}};
  out.pixels.resize(image.pixels.size());
  std::uint8_t* to = out.pixels.data();
  for (int row = 0; row < image.height; ++row) {
    const double y_out = row + 0.5;
    for (int column = 0; column < image.width; ++column, to += 3) {
      const double x_out = column + 0.5;
      const double x = a * x_out + b * y_out + c;
      const double y = d * x_out + e * y_out + f;
      if (!(x >= 0 && x < image.width && y >= 0 && y < image.height))
        std::copy_n(warp.fill.data(), 3, to);
      else if (cubic)
        Sample<4>(image, x, y, to);
      else
        Sample<2>(image, x, y, to);
    }
  }
  return out;
}

Image Rotate(const Image& image, double degrees, const Warp& warp) {
  EYECHART_CHECK(std::fabs(degrees) < 90, "rotation by {} degrees", degrees);
  if (degrees == 0) return image;
  // Pillow brings the angle into a full turn before it takes it to radians;
  // the rounding shows.
  const double turn = degrees < 0 ? degrees + 360.0 : degrees;
  const double angle = -(turn * (std::numbers::pi / 180.0));
  const double cosine = PythonRounded(std::cos(angle));
  const double sine = PythonRounded(std::sin(angle));
  const double across = PythonRounded(-std::sin(angle));
  const double x = image.width / 2.0;
  const double y = image.height / 2.0;
  return Affine(image,
                {cosine, sine, cosine * -x + sine * -y + 0.0 + x, across,
                 cosine, across * -x + cosine * -y + 0.0 + y},
                warp);
}

Image ShearX(const Image& image, double factor, const Warp& warp) {
  return Affine(image, {1, factor, 0, 0, 1, 0}, warp);
}

Image ShearY(const Image& image, double factor, const Warp& warp) {
  return Affine(image, {1, 0, 0, factor, 1, 0}, warp);
}

Image TranslateX(const Image& image, double part, const Warp& warp) {
  return Affine(image, {1, 0, part * image.width, 0, 1, 0}, warp);
}

Image TranslateY(const Image& image, double part, const Warp& warp) {
  return Affine(image, {1, 0, 0, 0, 1, part * image.height}, warp);
}

}  // namespace eyechart::data
