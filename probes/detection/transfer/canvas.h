// How a picture with its boxes is laid on an encoder's input.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "core/random.h"
#include "data/boxes/box_dataset.h"
#include "data/image.h"
#include "data/preprocess.h"
#include "data/resize.h"

namespace eyechart::detection {

/// The encoder's input, on which the whole picture is laid: crops that
/// classification makes would cut off what is to be found.
struct Canvas {
  int width = 0;  // pixels
  int height = 0;
  /// Whether pictures keep their proportions, with a margin on two sides. Off:
  /// they are stretched, as RF100's are and Florence-2's processor does, so
  /// that every token sees some of the picture.
  bool keep_aspect = false;
  data::Filter filter = data::Filter::kBicubic;
  std::array<std::uint8_t, 3> margin = {0, 0, 0};  // its colour, RGB
};

/// The canvas of `preprocess`, whose margin is its mean colour. Throws
/// InputError for an input whose size varies.
Canvas CanvasOf(const data::PreprocessOptions& preprocess, bool keep_aspect);

/// Part of a picture, and where it lies on the canvas.
struct Placing {
  data::Box source;  // pixels of the picture, fractions are meant
  int left = 0;      // pixels of the canvas, before a flip
  int top = 0;
  int width = 0;
  int height = 0;
  bool flip = false;  // the canvas mirrored, left and right
};

struct JitterOptions {
  /// The picture's scale, of that at which it fits; even in its logarithm.
  /// Less than large-scale jitter's 0.1 ... 2, as a plain encoder has no finer
  /// map that would show what is made small.
  double scale_min = 0.6;
  double scale_max = 1.5;
  double flip_probability = 0.5;
};

/// The whole picture, as it is evaluated.
Placing PlaceWhole(int width, int height, const Canvas& canvas);

/// Scaled, shifted and flipped by chance: what is larger than the canvas is
/// cropped, what is smaller gets a margin.
Placing DrawPlacing(int width,
                    int height,
                    const Canvas& canvas,
                    const JitterOptions& options,
                    Random& random);

/// The canvas's pixels.
data::Image Render(const data::Image& image,
                   const Placing& placing,
                   const Canvas& canvas);

/// The same, rescaled and normalised as `preprocess` says: (3, height, width)
/// float32.
data::Pixels RenderPixels(const data::Image& image,
                          const Placing& placing,
                          const Canvas& canvas,
                          const data::PreprocessOptions& preprocess);

/// Corners x1, y1, x2, y2.
using Corners = std::array<double, 4>;

/// A box's part on the canvas, and the share of its area that this is.
struct PlacedBox {
  Corners corners{};  // pixels of the canvas
  double visible = 0;
};

/// `box` in pixels of the picture; none where nothing of it is on the canvas.
std::optional<PlacedBox> ToCanvas(const Corners& box,
                                  const Placing& placing,
                                  const Canvas& canvas);

/// Corners on the canvas in pixels of the picture, cut at its edges.
Corners ToPicture(const Corners& box,
                  const Placing& placing,
                  const Canvas& canvas,
                  int width,
                  int height);

}  // namespace eyechart::detection
