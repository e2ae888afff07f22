#include "data/scenes/optotype.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "core/error.h"
#include "data/scenes/capture.h"
#include "data/scenes/geometry.h"
#include "data/scenes/random.h"

namespace eyechart::scenes {
namespace {

constexpr std::array<std::string_view, 8> kAnswers = {
    "right", "lower right", "down", "lower left",
    "left",  "upper left",  "up",   "upper right"};

// In strokes from the letter's centre, open to the right; they do not overlap.
constexpr std::array kBars = {
    data::Box{-2.5, -2.5, -1.5, 2.5}, data::Box{-1.5, -2.5, 2.5, -1.5},
    data::Box{-1.5, -0.5, 2.5, 0.5}, data::Box{-1.5, 1.5, 2.5, 2.5}};

double SharedLength(double a, double b, double low, double high) {
  return std::max(0.0, std::min(b, high) - std::max(a, low));
}

// Area of the pixel's square, in pixels, that the E covers.
double CoveredByE(const Optotype& e, int x, int y) {
  double area = 0;
  for (const data::Box& bar : kBars) {
    const Point a = Turn({bar.left, bar.top}, {}, e.orientation * 45);
    const Point b = Turn({bar.right, bar.bottom}, {}, e.orientation * 45);
    const double left = e.center_x + e.size_px * std::min(a.x, b.x);
    const double right = e.center_x + e.size_px * std::max(a.x, b.x);
    const double top = e.center_y + e.size_px * std::min(a.y, b.y);
    const double bottom = e.center_y + e.size_px * std::max(a.y, b.y);
    area += SharedLength(x, x + 1, left, right) *
            SharedLength(y, y + 1, top, bottom);
  }
  return area;
}

// The same of the C, from 16 x 16 samples.
double CoveredByC(const Optotype& c, int x, int y, double cosine, double sine) {
  constexpr int kGrid = 16;
  const double inner = 1.5 * c.size_px;
  const double outer = 2.5 * c.size_px;
  const double half = c.size_px / 2;
  const double mid_x = x + 0.5 - c.center_x;
  const double mid_y = y + 0.5 - c.center_y;
  const double distance = std::sqrt(mid_x * mid_x + mid_y * mid_y);
  if (distance > outer + 0.71 || distance < inner - 0.71) return 0;
  int count = 0;
  for (int i = 0; i < kGrid; ++i) {
    const double dy = y + (i + 0.5) / kGrid - c.center_y;
    for (int j = 0; j < kGrid; ++j) {
      const double dx = x + (j + 0.5) / kGrid - c.center_x;
      const double square = dx * dx + dy * dy;
      if (square > outer * outer || square < inner * inner) continue;
      const double along = dx * cosine + dy * sine;
      const double across = dy * cosine - dx * sine;
      const bool gap = along > 0 && across > -half && across < half;
      count += gap ? 0 : 1;
    }
  }
  return static_cast<double>(count) / (kGrid * kGrid);
}

}  // namespace

std::string_view OptotypeName(OptotypeKind kind) {
  return kind == OptotypeKind::kTumblingE ? "tumbling-e" : "landolt-c";
}

std::string_view DirectionName(int orientation) {
  return kAnswers[static_cast<std::size_t>(orientation % 8)];
}

std::span<const double> OptotypeSizes() {
  // 16 * 10^(-i / 10), to three digits.
  static constexpr std::array kSizes = {16.0, 12.7,  10.1,  8.02,  6.37, 5.06,
                                        4.02, 3.19,  2.54,  2.01,  1.6,  1.27,
                                        1.01, 0.802, 0.637, 0.506, 0.402};
  return kSizes;
}

Optotype RenderOptotype(OptotypeKind kind,
                        double size_px,
                        int orientation,
                        std::uint64_t seed,
                        std::int64_t index,
                        const RenderOptions& options) {
  EYECHART_REQUIRE(size_px > 0 && size_px * 5 <= options.size,
                   "optotype of {} px a stroke: should be above 0 and at most "
                   "a fifth of the picture's {} px",
                   size_px, options.size);
  EYECHART_REQUIRE(
      orientation >= 0 && orientation < 8 &&
          (kind == OptotypeKind::kLandoltC || orientation % 2 == 0),
      "orientation {} of {}: should be 0 to 7 (the E: 0, 2, 4, 6)", orientation,
      OptotypeName(kind));
  Rng rng(seed, OptotypeName(kind), index);
  Optotype o;
  o.orientation = orientation;
  o.answer = kAnswers[static_cast<std::size_t>(orientation)];
  o.size_px = size_px;
  const double middle = options.size / 2.0;
  const double reach = std::min(options.size / 6.0, middle - 2.5 * size_px);
  const double shift_x = rng.Uniform(-reach, reach);
  const double shift_y = rng.Uniform(-reach, reach);
  const double background = rng.Uniform(150, 250);
  const double contrast = rng.Uniform(0.5, 0.95);
  const Capture capture = DrawCapture(rng, options);
  o.center_x = middle + (options.nuisance ? shift_x : 0);
  o.center_y = middle + (options.nuisance ? shift_y : 0);
  o.background = options.nuisance ? background : 230;
  o.contrast = options.nuisance ? contrast : 0.9;
  o.foreground = o.background * (1 - o.contrast);
  o.jpeg_quality = capture.jpeg_quality;

  const double cosine = CosDegrees(orientation * 45);
  const double sine = SinDegrees(orientation * 45);
  const auto level = [&](double covered) {
    return static_cast<std::uint8_t>(
        std::lround(o.background + (o.foreground - o.background) * covered));
  };
  data::Image& image = o.image;
  image.width = image.height = options.size;
  image.pixels.assign(static_cast<std::size_t>(options.size) * options.size * 3,
                      level(0));
  const double reach_px = 2.5 * size_px + 1;
  const auto first = [&](double center) {
    return std::max(0, static_cast<int>(std::floor(center - reach_px)));
  };
  const auto last = [&](double center) {
    return std::min(options.size,
                    static_cast<int>(std::ceil(center + reach_px)));
  };
  for (int y = first(o.center_y); y < last(o.center_y); ++y) {
    for (int x = first(o.center_x); x < last(o.center_x); ++x) {
      const double covered = kind == OptotypeKind::kTumblingE
                                 ? CoveredByE(o, x, y)
                                 : CoveredByC(o, x, y, cosine, sine);
      std::uint8_t* pixel =
          &image.pixels[(static_cast<std::size_t>(y) * options.size + x) * 3];
      pixel[0] = pixel[1] = pixel[2] = level(covered);
    }
  }
  Develop(image, capture, options);
  return o;
}

}  // namespace eyechart::scenes
