// Text in OpenCV's stroke fonts (Hershey), so that no font file decides a
// pixel.
#pragma once

#include <string>

#include "data/scenes/canvas.h"

namespace eyechart::scenes {

/// Hershey's upright roman faces.
enum class Face { kSimplex, kDuplex, kComplex, kTriplex };
inline constexpr int kFaceCount = 4;

/// Width in pixels of `text` with capitals of `height` pixels.
double TextWidth(const std::string& text, double height, Face face);

/// Writes `text` with the middle of its capitals at `center`. `height` is that
/// of the capitals' strokes from axis to axis, `weight` the strokes' width, in
/// pixels. Returns the box of what was written.
data::Box PaintText(Canvas& canvas,
                    const std::string& text,
                    Point center,
                    double height,
                    double weight,
                    Face face,
                    const Paint& paint);

}  // namespace eyechart::scenes
