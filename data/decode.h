// Picture files to RGB, exactly as Pillow's Image.open(p).convert("RGB").
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "core/error.h"
#include "data/image.h"

namespace eyechart::data {

/// The picture cannot be read; `what()` is the reason without the file's name.
class DecodeError : public InputError {
 public:
  using InputError::InputError;
};

enum class AlphaMode {
  kDrop,   // the colour channels as they are: Pillow's convert("RGB")
  kWhite,  // composited over white, as transformers 5 does
};

enum class OrientMode {
  kNone,  // the EXIF orientation tag is not applied: Pillow's default
  kExif,  // it is: Pillow's ImageOps.exif_transpose
};

enum class DecodeMode {
  kExact,  // every pixel, as Pillow
  kFast,   // JPEG at 1/2, 1/4 or 1/8 where what follows needs no more pixels:
           // quicker, and not the pixels of a full decode
};

/// What to do where a file leaves a choice.
struct DecodeOptions {
  AlphaMode alpha = AlphaMode::kDrop;     // the reference's default
  OrientMode orient = OrientMode::kNone;  // the reference's default
  DecodeMode mode = DecodeMode::kExact;   // kFast: not the reference's pixels
  /// Largest picture in pixels; a guard against decompression bombs. The
  /// default is Pillow's limit for an error (2 x 89478485).
  std::int64_t max_pixels = 178956970;
};

/// In pixels; 64 bits, as a picture of one row, enlarged, may pass an int.
struct PictureSize {
  std::int64_t height = 0;
  std::int64_t width = 0;
};

struct Decoded {
  Image image;
  PictureSize full;  // the picture's own size; the image's unless reduced
  Box box;  // the picture in the image: all of it, but for fractions of a pixel
            // where a reduced size was rounded up
  std::string note;  // a warning for the item's row, or empty
};

/// What size a picture of the given one will be resized to.
using TargetRule = std::function<PictureSize(const PictureSize&)>;

/// Decodes JPEG, PNG, WebP, BMP or TIFF bytes. With DecodeMode::kFast and a
/// `target`, a JPEG is decoded at the smallest of 1/8, 1/4, 1/2 and 1 that
/// leaves both sides at twice the target or more. Throws DecodeError.
/// Source: Pillow's Image.draft, whose pixels the reduced ones equal, and
/// Image.thumbnail, whose default gap of two keeps the resize after it near to
/// that of the whole picture.
Decoded Decode(std::string_view bytes,
               const DecodeOptions& options,
               const TargetRule& target = {});

}  // namespace eyechart::data
