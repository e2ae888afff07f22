// The decoders behind Decode, one a format.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "data/decode.h"
#include "data/image.h"

namespace eyechart::data::internal {

/// What a format's decoder makes of a file.
struct Picture {
  Image image;                      // colour channels, alpha dropped
  std::vector<std::uint8_t> alpha;  // one a pixel; empty: none in the file
  int orientation = 1;              // EXIF's, 1 to 8; filled where asked for
  PictureSize full;     // the picture's own size; empty: the image's
  int denominator = 1;  // the image is at 1/denominator of it, rounded up
  std::string note;
};

/// What decoders are told.
struct DecodeRequest {
  std::int64_t max_pixels = 0;
  bool alpha = false;        // fill Picture::alpha
  bool orientation = false;  // fill Picture::orientation
  TargetRule target;         // a reduced size will do; empty: it will not
};

/// A picture of the size, its memory taken. Throws DecodeError for a size of
/// nothing or beyond the limit: call it before anything else is allocated.
Image NewImage(std::int64_t width,
               std::int64_t height,
               const DecodeRequest& request);
/// Its checks alone.
void RequireSize(std::int64_t width,
                 std::int64_t height,
                 const DecodeRequest& request);

/// Throws DecodeError with a fmt-formatted text.
template <typename... Args>
[[noreturn]] void ThrowDecode(fmt::format_string<Args...> format,
                              Args&&... args) {
  throw DecodeError(fmt::format(format, std::forward<Args>(args)...));
}

inline constexpr const char* kClipped16Note =
    "16-bit gray clipped to 8 bits as Pillow does";

Picture DecodeJpeg(std::string_view bytes, const DecodeRequest& request);
Picture DecodePng(std::string_view bytes, const DecodeRequest& request);
Picture DecodeWebp(std::string_view bytes, const DecodeRequest& request);
Picture DecodeBmp(std::string_view bytes, const DecodeRequest& request);
/// Applies the orientation tag itself, as Pillow does for TIFF alone.
Picture DecodeTiff(std::string_view bytes, const DecodeRequest& request);

/// One JPEG-compressed block of a TIFF file: `out` gets its rows of interleaved
/// samples, `width * components` each, as many as it has room for. `tables` are
/// the quantisation and Huffman tables that blocks share, or empty. `ycc`: the
/// samples are YCbCr and become RGB. Source: TIFF Technical Note 2.
void DecodeJpegBlock(std::string_view tables,
                     std::string_view bytes,
                     bool ycc,
                     std::size_t width,
                     std::size_t components,
                     std::vector<std::uint8_t>& out);

/// imdecode of `bytes` into RGB and, where the file has it, alpha. `format` is
/// named in errors; the size must be what the header said.
void DecodeWithOpenCv(std::string_view bytes,
                      const char* format,
                      bool alpha,
                      Picture& picture);

/// Pillow's CMYK to RGB for one pixel; 255 is full ink.
void CmykToRgb(const std::uint8_t* cmyk, std::uint8_t* rgb);

/// Whether an orientation makes rows columns.
inline bool SwapsSides(int orientation) {
  return orientation >= 5 && orientation <= 8;
}

/// Where a part of an image of width x height lies once it is oriented.
Box OrientedBox(int orientation, const Box& box, int width, int height);

/// The picture as its EXIF orientation (1 to 8) says it should be seen.
void ApplyOrientation(int orientation, Picture& picture);

/// The orientation in an EXIF block (a TIFF header and directory, perhaps after
/// "Exif\0\0"); where it has none, that in the XMP packet; else 1.
int ReadOrientation(std::string_view exif, std::string_view xmp);

}  // namespace eyechart::data::internal
