// Picture files to RGB, exactly as Pillow's Image.open(p).convert("RGB").
#pragma once

#include <cstdint>
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

/// What to do where a file leaves a choice.
struct DecodeOptions {
  AlphaMode alpha = AlphaMode::kDrop;     // the reference's default
  OrientMode orient = OrientMode::kNone;  // the reference's default
  /// Largest picture in pixels; a guard against decompression bombs. The
  /// default is Pillow's limit for an error (2 x 89478485).
  std::int64_t max_pixels = 178956970;
};

struct Decoded {
  Image image;
  std::string note;  // a warning for the item's row, or empty
};

/// Decodes JPEG, PNG, WebP, BMP or TIFF bytes. Throws DecodeError.
Decoded Decode(std::string_view bytes, const DecodeOptions& options);

}  // namespace eyechart::data
