#include "data/scenes/color.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace eyechart::scenes {
namespace {

constexpr double kWhiteX = 0.95047;
constexpr double kWhiteZ = 1.08883;

// Linear light of each 8-bit value. The inverse searches this table, so that
// the last bit of the C library's pow() decides no pixel.
const std::array<double, 256>& Linear() {
  static const std::array<double, 256> table = [] {
    std::array<double, 256> t{};
    for (std::size_t i = 0; i < t.size(); ++i) {
      const double v = static_cast<double>(i) / 255;
      t[i] = v <= 0.04045 ? v / 12.92 : std::pow((v + 0.055) / 1.055, 2.4);
    }
    return t;
  }();
  return table;
}

std::uint8_t Encode(double linear) {
  const auto& table = Linear();
  const auto above = std::lower_bound(table.begin(), table.end(), linear);
  if (above == table.begin()) return 0;
  if (above == table.end()) return 255;
  const bool upper = *above - linear < linear - *(above - 1);
  return static_cast<std::uint8_t>(above - table.begin() - (upper ? 0 : 1));
}

constexpr double kDelta = 6.0 / 29;

double Cube(double t) {
  return t > kDelta ? t * t * t : 3 * kDelta * kDelta * (t - 4.0 / 29);
}
double Root(double t) {
  return t > kDelta * kDelta * kDelta ? std::cbrt(t)
                                      : t / (3 * kDelta * kDelta) + 4.0 / 29;
}

std::uint8_t Clip(double value) {
  return static_cast<std::uint8_t>(std::clamp(value + 0.5, 0.0, 255.0));
}

}  // namespace

Color ToColor(const Lab& lab) {
  const double fy = (lab.l + 16) / 116;
  const double x = kWhiteX * Cube(fy + lab.a / 500);
  const double y = Cube(fy);
  const double z = kWhiteZ * Cube(fy - lab.b / 200);
  return {Encode(3.2404542 * x - 1.5371385 * y - 0.4985314 * z),
          Encode(-0.9692660 * x + 1.8760108 * y + 0.0415560 * z),
          Encode(0.0556434 * x - 0.2040259 * y + 1.0572252 * z)};
}

Lab ToLab(Color color) {
  const double r = Linear()[color.r];
  const double g = Linear()[color.g];
  const double b = Linear()[color.b];
  const double x =
      Root((0.4124564 * r + 0.3575761 * g + 0.1804375 * b) / kWhiteX);
  const double y = Root(0.2126729 * r + 0.7151522 * g + 0.0721750 * b);
  const double z =
      Root((0.0193339 * r + 0.1191920 * g + 0.9503041 * b) / kWhiteZ);
  return {116 * y - 16, 500 * (x - y), 200 * (y - z)};
}

double DeltaE(const Lab& x, const Lab& y) {
  const double l = x.l - y.l;
  const double a = x.a - y.a;
  const double b = x.b - y.b;
  return std::sqrt(l * l + a * a + b * b);
}

Color Shaded(Color color, double factor) {
  return {Clip(color.r * factor), Clip(color.g * factor),
          Clip(color.b * factor)};
}

Color Mixed(Color color, Color other, double share) {
  return {Clip(color.r + (other.r - color.r) * share),
          Clip(color.g + (other.g - color.g) * share),
          Clip(color.b + (other.b - color.b) * share)};
}

std::span<const NamedColor> NamedColors() {
  static constexpr std::array kColors = {
      NamedColor{"red", {206, 44, 40}},
      NamedColor{"green", {56, 152, 64}},
      NamedColor{"blue", {44, 92, 200}},
      NamedColor{"yellow", {240, 204, 48}},
      NamedColor{"orange", {236, 130, 36}},
      NamedColor{"purple", {132, 62, 168}},
      NamedColor{"white", {238, 238, 234}},
      NamedColor{"black", {52, 52, 58}},
      NamedColor{"brown", {134, 88, 52}},
      NamedColor{"pink", {240, 146, 178}},
      NamedColor{"gray", {140, 142, 146}},
  };
  return kColors;
}

}  // namespace eyechart::scenes
