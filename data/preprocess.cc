#include "data/preprocess.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/error.h"
#include "core/hash.h"

namespace eyechart::data {
namespace {

// The target size where the aspect is kept. Every division and truncation is
// that of transformers' get_resize_output_image_size,
// get_size_with_aspect_ratio and get_image_size_for_max_height_width.
PictureSize ShortestEdgeSize(const PictureSize& image, int edge) {
  const auto shorter = static_cast<double>(std::min(image.width, image.height));
  const auto longer = static_cast<double>(std::max(image.width, image.height));
  const auto other =
      static_cast<std::int64_t>(static_cast<double>(edge) * longer / shorter);
  return image.width <= image.height ? PictureSize{other, edge}
                                     : PictureSize{edge, other};
}

PictureSize CappedEdgeSize(const PictureSize& image, int edge, int longest) {
  const auto height = static_cast<double>(image.height);
  const auto width = static_cast<double>(image.width);
  const double shorter = std::min(height, width);
  const double longer = std::max(height, width);
  double exact = edge;
  int rounded = edge;
  if (longer / shorter * edge > longest) {
    exact = longest * shorter / longer;
    rounded = static_cast<int>(std::nearbyint(exact));
  }
  if ((height <= width && image.height == rounded) ||
      (width <= height && image.width == rounded))
    return {image.height, image.width};
  if (width < height)
    return {static_cast<std::int64_t>(exact * height / width), rounded};
  return {rounded, static_cast<std::int64_t>(exact * width / height)};
}

PictureSize FitWithinSize(const PictureSize& image, int height, int width) {
  const auto full_height = static_cast<double>(image.height);
  const auto full_width = static_cast<double>(image.width);
  const double scale = std::min(height / full_height, width / full_width);
  return {static_cast<std::int64_t>(full_height * scale),
          static_cast<std::int64_t>(full_width * scale)};
}

PictureSize TargetSize(const PictureSize& image,
                       const PreprocessOptions& options) {
  switch (options.resize) {
    case ResizeMode::kNone:
      return {image.height, image.width};
    case ResizeMode::kExact:
      return {options.size_height, options.size_width};
    case ResizeMode::kShortestEdge:
      return options.longest_edge > 0
                 ? CappedEdgeSize(image, options.size_height,
                                  options.longest_edge)
                 : ShortestEdgeSize(image, options.size_height);
    case ResizeMode::kFitWithin:
      return FitWithinSize(image, options.size_height, options.size_width);
  }
  EYECHART_CHECK(false, "resize mode {}", static_cast<int>(options.resize));
}

// Where an axis of `size` samples lands in a crop of `crop`: the crop's sample
// i is the picture's i + shift, or a zero where there is none. Half the
// difference, rounded down for either sign: that is what the reference's pad
// (rounded up) followed by its crop comes to.
int CropShift(int size, int crop) { return (size - crop) >> 1; }

// The 256 values of one channel. Rescaled in double and cast, normalised in
// single precision, as the reference does.
std::array<float, 256> ChannelTable(const PreprocessOptions& options,
                                    std::size_t channel) {
  std::array<float, 256> table{};
  const auto mean = static_cast<float>(options.mean[channel]);
  const auto stddev = static_cast<float>(options.stddev[channel]);
  for (int v = 0; v < 256; ++v) {
    float value = static_cast<float>(v);
    if (options.rescale) value = static_cast<float>(v * options.rescale_factor);
    if (options.normalize) value = (value - mean) / stddev;
    table[static_cast<std::size_t>(v)] = value;
  }
  return table;
}

const char* ResizeName(ResizeMode mode) {
  switch (mode) {
    case ResizeMode::kNone:
      return "none";
    case ResizeMode::kShortestEdge:
      return "shortest_edge";
    case ResizeMode::kExact:
      return "exact";
    case ResizeMode::kFitWithin:
      return "fit_within";
  }
  return "none";
}

// `box` of the image, which shows a picture of size `full`, resized and so on.
Pixels ToPixels(const Image& image,
                const PictureSize& full,
                const Box& box,
                const PreprocessOptions& options) {
  const PictureSize target = TargetSize(full, options);
  if (target.height < 1 || target.width < 1)
    throw DecodeError(fmt::format(
        "a picture of {} x {} pixels becomes {} x {} when resized; it is too "
        "narrow for this encoder",
        full.width, full.height, target.width, target.height));
  if (target.height > options.decode.max_pixels / target.width)
    throw DecodeError(fmt::format(
        "a picture of {} x {} pixels becomes {} x {} when resized, more than "
        "the limit of {} pixels",
        full.width, full.height, target.width, target.height,
        options.decode.max_pixels));
  if (options.center_crop &&
      options.crop_height > options.decode.max_pixels / options.crop_width)
    throw DecodeError(fmt::format(
        "a crop of {} x {} pixels is more than the limit of {} pixels",
        options.crop_width, options.crop_height, options.decode.max_pixels));
  Image resized;
  const Image* source = &image;
  if (target.height != image.height || target.width != image.width) {
    resized = Resize(image, box, static_cast<int>(target.width),
                     static_cast<int>(target.height), options.filter);
    source = &resized;
  }

  Pixels out;
  out.height = options.center_crop ? options.crop_height : source->height;
  out.width = options.center_crop ? options.crop_width : source->width;
  const int shift_y = CropShift(source->height, out.height);
  const int shift_x = CropShift(source->width, out.width);
  // Columns of the crop that the picture covers.
  const int x_begin = std::clamp(-shift_x, 0, out.width);
  const int x_end = std::clamp(source->width - shift_x, x_begin, out.width);

  std::array<std::array<float, 256>, 3> tables;
  for (std::size_t c = 0; c < 3; ++c) tables[c] = ChannelTable(options, c);
  const std::size_t plane = static_cast<std::size_t>(out.height) * out.width;
  out.values.resize(plane * 3);
  for (int y = 0; y < out.height; ++y) {
    const std::size_t row = static_cast<std::size_t>(y) * out.width;
    float* to[3];
    for (std::size_t c = 0; c < 3; ++c)
      to[c] = out.values.data() + c * plane + row;
    const int from_y = y + shift_y;
    const bool inside = from_y >= 0 && from_y < source->height;
    const int begin = inside ? x_begin : out.width;
    const int end = inside ? x_end : out.width;
    for (std::size_t c = 0; c < 3; ++c) {
      std::fill(to[c], to[c] + begin, tables[c][0]);
      std::fill(to[c] + end, to[c] + out.width, tables[c][0]);
    }
    if (!inside) continue;
    const std::uint8_t* from =
        source->pixels.data() +
        (static_cast<std::size_t>(from_y) * source->width + begin + shift_x) *
            3;
    for (int x = begin; x < end; ++x, from += 3) {
      to[0][x] = tables[0][from[0]];
      to[1][x] = tables[1][from[1]];
      to[2][x] = tables[2][from[2]];
    }
  }
  return out;
}

}  // namespace

Pixels Preprocess(const Image& image, const PreprocessOptions& options) {
  return ToPixels(image, {image.height, image.width}, WholeOf(image), options);
}

Prepared DecodeAndPreprocess(std::string_view bytes,
                             const PreprocessOptions& options) {
  Decoded decoded =
      Decode(bytes, options.decode, [&options](const PictureSize& full) {
        return TargetSize(full, options);
      });
  return {ToPixels(decoded.image, decoded.full, decoded.box, options),
          std::move(decoded.note), static_cast<int>(decoded.full.width),
          static_cast<int>(decoded.full.height)};
}

PreprocessOptions WithResolution(PreprocessOptions options,
                                 int height,
                                 int width) {
  EYECHART_REQUIRE(height >= 1 && width >= 1,
                   "resolution {}x{}: both sides should be at least 1", height,
                   width);
  const bool ratio_kept = options.center_crop && height == width &&
                          options.crop_height == options.crop_width &&
                          options.resize == ResizeMode::kShortestEdge;
  if (ratio_kept) {
    const double ratio = static_cast<double>(options.size_height) /
                         static_cast<double>(options.crop_height);
    options.size_height =
        std::max(1, static_cast<int>(std::lround(height * ratio)));
    options.longest_edge = 0;
    options.crop_height = height;
    options.crop_width = width;
    return options;
  }
  options.resize = ResizeMode::kExact;
  options.size_height = height;
  options.size_width = width;
  options.longest_edge = 0;
  options.center_crop = false;
  return options;
}

InputSize FixedInputSize(const PreprocessOptions& options) {
  if (options.center_crop) return {options.crop_height, options.crop_width};
  if (options.resize == ResizeMode::kExact)
    return {options.size_height, options.size_width};
  return {};
}

Json PreprocessToJson(const PreprocessOptions& o) {
  // What a switched-off step would do does not tell two settings apart.
  Json size = nullptr;
  if (o.resize == ResizeMode::kShortestEdge) {
    size = {{"shortest_edge", o.size_height}};
    if (o.longest_edge > 0) size["longest_edge"] = o.longest_edge;
  } else if (o.resize == ResizeMode::kExact) {
    size = {{"height", o.size_height}, {"width", o.size_width}};
  } else if (o.resize == ResizeMode::kFitWithin) {
    size = {{"max_height", o.size_height}, {"max_width", o.size_width}};
  }
  const bool resizes = o.resize != ResizeMode::kNone;
  Json json = {
      {"alpha", o.decode.alpha == AlphaMode::kWhite ? "white" : "drop"},
      {"orient", o.decode.orient == OrientMode::kExif ? "exif" : "none"},
      {"resize", ResizeName(o.resize)},
      {"size", size},
      {"resample", resizes ? Json(FilterName(o.filter)) : Json(nullptr)},
      {"center_crop", o.center_crop},
      {"crop_size",
       o.center_crop ? Json{{"height", o.crop_height}, {"width", o.crop_width}}
                     : Json(nullptr)},
      {"rescale", o.rescale},
      {"rescale_factor", o.rescale ? Json(o.rescale_factor) : Json(nullptr)},
      {"normalize", o.normalize},
      {"image_mean", o.normalize ? Json(o.mean) : Json(nullptr)},
      {"image_std", o.normalize ? Json(o.stddev) : Json(nullptr)}};
  // Absent where exact, as it was before there was a choice: the hash stays.
  if (o.decode.mode == DecodeMode::kFast) json["decode"] = "fast";
  return json;
}

std::string PreprocessSha256(const PreprocessOptions& options) {
  return Sha256Hex(CanonicalJson(PreprocessToJson(options)));
}

}  // namespace eyechart::data
