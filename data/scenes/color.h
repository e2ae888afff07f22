// Colours, their names, and CIE L*a*b*.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace eyechart::scenes {

/// sRGB, 8 bits a channel.
struct Color {
  std::uint8_t r = 0;
  std::uint8_t g = 0;
  std::uint8_t b = 0;
  bool operator==(const Color&) const = default;
};

/// CIE L*a*b* under D65 (IEC 61966-2-1's white).
struct Lab {
  double l = 0;
  double a = 0;
  double b = 0;
};

/// Nearest sRGB colour; channels outside its gamut are clipped.
Color ToColor(const Lab& lab);
Lab ToLab(Color color);
/// CIE 1976: the Euclidean distance in L*a*b*.
double DeltaE(const Lab& x, const Lab& y);

/// Channels times `factor` (shade), clipped; `share` of the way to `other`.
Color Shaded(Color color, double factor);
Color Mixed(Color color, Color other, double share);

struct NamedColor {
  std::string_view name;
  Color color;
};

/// The colours that captions name, far apart from one another.
std::span<const NamedColor> NamedColors();

inline constexpr Color kBlack{20, 20, 24};
inline constexpr Color kWhite{246, 246, 242};

}  // namespace eyechart::scenes
