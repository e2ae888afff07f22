#include "probes/detection/transfer/canvas.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/error.h"

namespace eyechart::detection {
namespace {

// The scales at which a picture fits the canvas, across and down.
std::array<double, 2> FitScales(int width, int height, const Canvas& canvas) {
  EYECHART_CHECK(width > 0 && height > 0, "a picture of {} x {}", width,
                 height);
  const double x = static_cast<double>(canvas.width) / width;
  const double y = static_cast<double>(canvas.height) / height;
  if (!canvas.keep_aspect) return {x, y};
  return {std::min(x, y), std::min(x, y)};
}

// One axis: the part of [0, length) that is seen at `scale` where the canvas
// has `room`, and where; `place` of 0 ... 1 shifts it.
struct Span {
  double from = 0;
  double to = 0;
  int left = 0;
  int size = 0;
};
Span Lay(int length, double scale, int room, double place) {
  const double whole = length * scale;
  if (whole > room) {
    const double seen = length * (room / whole);
    const double from = place * (length - seen);
    return {from, std::min<double>(length, from + seen), 0, room};
  }
  const int size = std::clamp(static_cast<int>(std::lround(whole)), 1, room);
  return {0, static_cast<double>(length),
          static_cast<int>(std::lround(place * (room - size))), size};
}

Placing Join(const Span& x, const Span& y, bool flip) {
  return {{x.from, y.from, x.to, y.to}, x.left, y.left, x.size, y.size, flip};
}

// Canvas pixels a pixel of the picture.
double ScaleX(const Placing& placing) {
  return placing.width / (placing.source.right - placing.source.left);
}
double ScaleY(const Placing& placing) {
  return placing.height / (placing.source.bottom - placing.source.top);
}

void Mirror(Corners& box, const Canvas& canvas) {
  const double left = canvas.width - box[2];
  box[2] = canvas.width - box[0];
  box[0] = left;
}

void MirrorRows(data::Image& image) {
  for (int y = 0; y < image.height; ++y) {
    std::uint8_t* row = image.pixels.data() + std::size_t{3} * image.width * y;
    for (int a = 0, b = image.width - 1; a < b; ++a, --b)
      std::swap_ranges(row + 3 * a, row + 3 * a + 3, row + 3 * b);
  }
}

}  // namespace

Canvas CanvasOf(const data::PreprocessOptions& preprocess, bool keep_aspect) {
  const data::InputSize size = data::FixedInputSize(preprocess);
  EYECHART_REQUIRE(
      size.width > 0,
      "detection needs an input of one size, and this checkpoint's "
      "processor gives pictures of their own sizes: give "
      "--resolution N");
  Canvas canvas{size.width, size.height, keep_aspect, preprocess.filter, {}};
  for (std::size_t c = 0; c < 3; ++c) {
    // The colour that becomes 0, or the nearest.
    const double scale = preprocess.rescale ? preprocess.rescale_factor : 1;
    const double mean = preprocess.normalize ? preprocess.mean[c] : 0;
    canvas.margin[c] = static_cast<std::uint8_t>(
        std::clamp(std::lround(mean / scale), 0L, 255L));
  }
  return canvas;
}

Placing PlaceWhole(int width, int height, const Canvas& canvas) {
  const auto [x, y] = FitScales(width, height, canvas);
  return Join(Lay(width, x, canvas.width, 0.5),
              Lay(height, y, canvas.height, 0.5), false);
}

Placing DrawPlacing(int width,
                    int height,
                    const Canvas& canvas,
                    const JitterOptions& options,
                    Random& random) {
  EYECHART_CHECK(
      options.scale_min > 0 && options.scale_max >= options.scale_min,
      "scales {} ... {}", options.scale_min, options.scale_max);
  const double scale =
      options.scale_min *
      std::pow(options.scale_max / options.scale_min, random.Uniform());
  const double place_x = random.Uniform();
  const double place_y = random.Uniform();
  const bool flip = random.Uniform() < options.flip_probability;
  const auto [x, y] = FitScales(width, height, canvas);
  return Join(Lay(width, scale * x, canvas.width, place_x),
              Lay(height, scale * y, canvas.height, place_y), flip);
}

data::Image Render(const data::Image& image,
                   const Placing& placing,
                   const Canvas& canvas) {
  data::Image part = data::Resize(image, placing.source, placing.width,
                                  placing.height, canvas.filter);
  if (placing.width == canvas.width && placing.height == canvas.height) {
    if (placing.flip) MirrorRows(part);
    return part;
  }
  data::Image made{canvas.width, canvas.height, {}};
  made.pixels.resize(std::size_t{3} * canvas.width * canvas.height);
  for (std::size_t i = 0; i < made.pixels.size(); ++i)
    made.pixels[i] = canvas.margin[i % 3];
  const std::size_t row = std::size_t{3} * placing.width;
  for (int y = 0; y < placing.height; ++y)
    std::memcpy(made.pixels.data() +
                    3 * (std::size_t{1} * canvas.width * (placing.top + y) +
                         placing.left),
                part.pixels.data() + row * y, row);
  if (placing.flip) MirrorRows(made);
  return made;
}

data::Pixels RenderPixels(const data::Image& image,
                          const Placing& placing,
                          const Canvas& canvas,
                          const data::PreprocessOptions& preprocess) {
  data::PreprocessOptions plain = preprocess;
  plain.resize = data::ResizeMode::kNone;
  plain.center_crop = false;
  return data::Preprocess(Render(image, placing, canvas), plain);
}

std::optional<PlacedBox> ToCanvas(const Corners& box,
                                  const Placing& placing,
                                  const Canvas& canvas) {
  const data::Box& source = placing.source;
  const Corners seen = {
      std::max(box[0], source.left), std::max(box[1], source.top),
      std::min(box[2], source.right), std::min(box[3], source.bottom)};
  if (seen[2] <= seen[0] || seen[3] <= seen[1]) return std::nullopt;
  PlacedBox placed;
  placed.visible = (seen[2] - seen[0]) * (seen[3] - seen[1]) /
                   ((box[2] - box[0]) * (box[3] - box[1]));
  const double x = ScaleX(placing);
  const double y = ScaleY(placing);
  placed.corners = {placing.left + (seen[0] - source.left) * x,
                    placing.top + (seen[1] - source.top) * y,
                    placing.left + (seen[2] - source.left) * x,
                    placing.top + (seen[3] - source.top) * y};
  if (placing.flip) Mirror(placed.corners, canvas);
  return placed;
}

Corners ToPicture(const Corners& box,
                  const Placing& placing,
                  const Canvas& canvas,
                  int width,
                  int height) {
  Corners back = box;
  if (placing.flip) Mirror(back, canvas);
  const auto x = [&](double value) {
    return std::clamp(
        placing.source.left + (value - placing.left) / ScaleX(placing), 0.0,
        static_cast<double>(width));
  };
  const auto y = [&](double value) {
    return std::clamp(
        placing.source.top + (value - placing.top) / ScaleY(placing), 0.0,
        static_cast<double>(height));
  };
  return {x(back[0]), y(back[1]), x(back[2]), y(back[3])};
}

}  // namespace eyechart::detection
