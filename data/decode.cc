#include "data/decode.h"

#include <new>
#include <utility>

#include "core/error.h"
#include "data/decode_formats.h"
#include "data/signature.h"

namespace eyechart::data {
namespace internal {

void RequireSize(std::int64_t width,
                 std::int64_t height,
                 const DecodeRequest& request) {
  if (width < 1 || height < 1)
    ThrowDecode("the header says {} x {} pixels", width, height);
  if (width > request.max_pixels / height)
    ThrowDecode(
        "the header says {} x {} pixels, more than the limit of {}; it may be "
        "a decompression bomb",
        width, height, request.max_pixels);
}

Image NewImage(std::int64_t width,
               std::int64_t height,
               const DecodeRequest& request) {
  RequireSize(width, height, request);
  Image image;
  image.width = static_cast<int>(width);
  image.height = static_cast<int>(height);
  image.pixels.resize(static_cast<std::size_t>(width * height) * 3);
  return image;
}

void CmykToRgb(const std::uint8_t* cmyk, std::uint8_t* rgb) {
  // Source: Pillow's cmyk2rgb; the product over 255, rounded.
  const int light = 255 - cmyk[3];
  for (int c = 0; c < 3; ++c) {
    const int product = cmyk[c] * light + 128;
    rgb[c] =
        static_cast<std::uint8_t>(light - ((product + (product >> 8)) >> 8));
  }
}

namespace {

// Over white, with the arithmetic of Pillow's alpha_composite, which
// transformers' convert_to_rgb calls. The backdrop is opaque, so its general
// formula is this one.
void CompositeOverWhite(Picture& picture) {
  std::uint8_t* pixel = picture.image.pixels.data();
  for (const std::uint8_t alpha : picture.alpha) {
    const std::uint32_t weight = std::uint32_t{alpha} << 7;
    for (int c = 0; c < 3; ++c, ++pixel) {
      const std::uint32_t sum =
          *pixel * weight + 255 * ((255 << 7) - weight) + (0x80 << 7);
      *pixel = static_cast<std::uint8_t>(((sum >> 8) + sum) >> 8 >> 7);
    }
  }
}

Picture DecodeAs(PictureFormat format,
                 std::string_view bytes,
                 const DecodeRequest& request) {
  switch (format) {
    case PictureFormat::kJpeg:
      return DecodeJpeg(bytes, request);
    case PictureFormat::kPng:
      return DecodePng(bytes, request);
    case PictureFormat::kWebp:
      return DecodeWebp(bytes, request);
    case PictureFormat::kBmp:
      return DecodeBmp(bytes, request);
    case PictureFormat::kTiff:
      return DecodeTiff(bytes, request);
    case PictureFormat::kUnknown:
      break;
  }
  if (bytes.empty()) ThrowDecode("the file is empty");
  ThrowDecode("not a JPEG, PNG, WebP, BMP or TIFF picture");
}

}  // namespace
}  // namespace internal

Decoded Decode(std::string_view bytes,
               const DecodeOptions& options,
               const TargetRule& target) {
  internal::DecodeRequest request;
  request.max_pixels = options.max_pixels;
  request.alpha = options.alpha == AlphaMode::kWhite;
  request.orientation = options.orient == OrientMode::kExif;
  if (options.mode == DecodeMode::kFast) request.target = target;
  try {
    internal::Picture picture =
        internal::DecodeAs(SniffFormat(bytes), bytes, request);
    if (request.alpha) internal::CompositeOverWhite(picture);
    picture.alpha.clear();
    Decoded decoded;
    decoded.full = picture.full;
    if (decoded.full.width == 0)
      decoded.full = {picture.image.height, picture.image.width};
    decoded.box = {0, 0,
                   static_cast<double>(decoded.full.width) /
                       static_cast<double>(picture.denominator),
                   static_cast<double>(decoded.full.height) /
                       static_cast<double>(picture.denominator)};
    if (request.orientation) {
      decoded.box =
          internal::OrientedBox(picture.orientation, decoded.box,
                                picture.image.width, picture.image.height);
      if (internal::SwapsSides(picture.orientation))
        std::swap(decoded.full.width, decoded.full.height);
      internal::ApplyOrientation(picture.orientation, picture);
    }
    decoded.image = std::move(picture.image);
    decoded.note = std::move(picture.note);
    return decoded;
  } catch (const std::bad_alloc&) {
    throw DecodeError("there is not enough memory for a picture of its size");
  }
}

}  // namespace eyechart::data
