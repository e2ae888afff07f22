// Pictures small enough to live inside a page.
#pragma once

#include <string>
#include <string_view>

#include "data/decode.h"

namespace eyechart::mining {

/// A picture for a page: either a data URI or why there is none.
struct Thumbnail {
  std::string src;  // data:image/...;base64,...
  int width = 0;    // pixels
  int height = 0;
  std::string error;
};

/// Decodes `bytes` (JPEG, PNG, WebP, BMP, TIFF) and shrinks the longest side to
/// `side` pixels: a JPEG. A picture whose longest side is at most 64 is
/// enlarged by a whole number instead, each pixel a square, and kept without
/// loss: a PNG. `decode` is that of who looked at the picture, where something
/// is drawn over it. Never throws for bad pictures: `error` says what is wrong.
Thumbnail MakeThumbnail(std::string_view bytes,
                        int side,
                        const data::DecodeOptions& decode = {});

}  // namespace eyechart::mining
