// The letters of an eye chart: tumbling E and Landolt C.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "data/image.h"
#include "data/scenes/render_options.h"

namespace eyechart::scenes {

enum class OptotypeKind {
  kTumblingE,  // three bars and a spine on a 5 x 5 grid; opens to 4 sides
  kLandoltC,   // a ring with a gap (ISO 8596); 8 places, of which 4 are usual
};

/// "tumbling-e", "landolt-c".
std::string_view OptotypeName(OptotypeKind kind);

/// "right", "lower right", "down", ...: eighths of a turn clockwise.
std::string_view DirectionName(int orientation);

/// An optotype and where it is.
struct Optotype {
  data::Image image;
  int orientation = 0;      // eighths of a turn, clockwise from the right
  std::string_view answer;  // "right", "lower right", "down", ...
  double size_px = 0;       // width of the gap and of every stroke; the letter
                            // is five times as wide and as high
  double center_x = 0;      // in pixels from the picture's left edge
  double center_y = 0;      // and from its top
  double background = 0;    // gray level, 0..255
  double foreground = 0;
  double contrast = 0;  // Weber's: (background - foreground) / background
  int jpeg_quality = 90;
};

/// Gap sizes from easy to hard in pixels at size 224: ten a decade, the steps
/// of logMAR charts (factor 10^-0.1), 16 px down to 0.4 px.
std::span<const double> OptotypeSizes();

/// Draws one. `orientation` is in eighths of a turn clockwise, 0 opens to the
/// right; the E takes even ones. The area that the letter covers of each pixel
/// is exact to 1/256 (E: exact), so that sizes below a pixel mean something.
/// Nuisance: place (to fractions of a pixel, within the central third), gray
/// level of the ground, contrast 0.5 to 0.95, noise. `orientation` does not
/// enter the stream: the same index at another orientation differs in that
/// alone. Throws InputError where the letter does not fit.
Optotype RenderOptotype(OptotypeKind kind,
                        double size_px,
                        int orientation,
                        std::uint64_t seed,
                        std::int64_t index,
                        const RenderOptions& options = {});

}  // namespace eyechart::scenes
