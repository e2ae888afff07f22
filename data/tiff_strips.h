// The compressed blocks of a TIFF file (strips or tiles), as bytes.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace eyechart::data::internal {

enum TiffCompression {
  kTiffNone = 1,
  kTiffLzw = 5,
  kTiffJpeg = 7,
  kTiffDeflate = 8,
  kTiffOldDeflate = 32946,
  kTiffPackBits = 32773,
};

/// Whether the compression is one of these.
bool KnowsTiffCompression(std::uint64_t compression);

/// The most that the compression can expand its input.
std::size_t MaxTiffRatio(std::uint64_t compression);

/// Fills `out` from `block`, of any of them but JPEG; false where the block
/// holds less. `reversed` is fill order 2: the lowest bit of a byte comes
/// first.
bool DecodeTiffBlock(std::uint64_t compression,
                     bool reversed,
                     std::string_view block,
                     std::vector<std::uint8_t>& out);

}  // namespace eyechart::data::internal
