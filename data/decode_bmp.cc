// BMP as Pillow reads it. OpenCV expands 16-bit pixels by shifting, where
// Pillow scales, and stops at headers that Pillow knows. Source: the BITMAP
// header documentation; the choices among its dialects are Pillow's.
#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <vector>

#include "data/bytes.h"
#include "data/decode_formats.h"

namespace eyechart::data::internal {
namespace {

enum Compression { kRaw = 0, kRle8 = 1, kRle4 = 2, kBitfields = 3 };

// Where the samples of a 24- or 32-bit pixel stand in its bytes.
struct BmpLayout {
  int red, green, blue;
  int alpha;  // -1: none
};

struct BmpHeader {
  std::int64_t width = 0;
  std::int64_t height = 0;
  bool top_down = false;
  int bits = 0;
  std::uint32_t compression = kRaw;
  std::uint32_t colors = 0;
  std::size_t entry_bytes = 4;  // of a palette entry
  std::size_t palette_at = 0;
  std::size_t pixels_at = 0;
  BmpLayout layout{2, 1, 0, -1};
  bool five_six_five = false;  // 16 bits: 5-6-5 rather than 5-5-5
};

struct MaskLayout {
  int bits;
  std::array<std::uint32_t, 4> masks;  // red, green, blue, alpha
  BmpLayout layout;
};
constexpr MaskLayout kMaskLayouts[] = {
    {32, {0xFF0000, 0xFF00, 0xFF, 0}, {2, 1, 0, -1}},
    {32, {0xFF000000, 0xFF0000, 0xFF00, 0}, {3, 2, 1, -1}},
    {32, {0xFF000000, 0xFF00, 0xFF, 0}, {3, 1, 0, -1}},
    {32, {0xFF000000, 0xFF0000, 0xFF00, 0xFF}, {3, 2, 1, 0}},
    {32, {0xFF, 0xFF00, 0xFF0000, 0xFF000000}, {0, 1, 2, 3}},
    {32, {0xFF0000, 0xFF00, 0xFF, 0xFF000000}, {2, 1, 0, 3}},
    {32, {0xFF000000, 0xFF00, 0xFF, 0xFF0000}, {3, 1, 0, 2}},
    {32, {0, 0, 0, 0}, {2, 1, 0, 3}},
};

void ReadMasks(std::string_view bytes,
               std::size_t header_bytes,
               BmpHeader& header) {
  // A header of 56 bytes or more has the alpha mask too.
  std::array<std::uint32_t, 4> masks{};
  const std::size_t count = header_bytes >= 56 ? 4 : 3;
  for (std::size_t i = 0; i < count; ++i)
    masks[i] = ReadLittle32(bytes, 14 + 40 + 4 * i);
  if (header_bytes == 40) header.palette_at += 12;
  if (header.bits == 16) {
    header.five_six_five = masks[0] == 0xF800;
    if ((masks[0] == 0xF800 && masks[1] == 0x7E0 && masks[2] == 0x1F) ||
        (masks[0] == 0x7C00 && masks[1] == 0x3E0 && masks[2] == 0x1F))
      return;
  }
  if (header.bits == 24 && masks[0] == 0xFF0000 && masks[1] == 0xFF00 &&
      masks[2] == 0xFF)
    return;
  for (const MaskLayout& known : kMaskLayouts) {
    if (known.bits != header.bits || known.masks != masks) continue;
    header.layout = known.layout;
    return;
  }
  ThrowDecode("BMP with {} bits and colour masks that are not known",
              header.bits);
}

BmpHeader ReadBmpHeader(std::string_view bytes) {
  BmpHeader header;
  header.pixels_at = ReadLittle32(bytes, 10);
  const std::size_t header_bytes = ReadLittle32(bytes, 14);
  const bool core = header_bytes == 12;
  constexpr std::array<std::size_t, 6> kKnown = {40, 52, 56, 64, 108, 124};
  if (!core &&
      std::find(kKnown.begin(), kKnown.end(), header_bytes) == kKnown.end())
    ThrowDecode("BMP with a header of {} bytes, which is not known",
                header_bytes);
  if (bytes.size() < 14 + header_bytes) ThrowDecode("truncated BMP");
  header.palette_at = 14 + header_bytes;
  if (core) {
    header.entry_bytes = 3;
    header.width = ReadLittle16(bytes, 18);
    header.height = ReadLittle16(bytes, 20);
    header.bits = ReadLittle16(bytes, 24);
  } else {
    header.width = ReadLittle32(bytes, 18);
    header.height = ReadLittle32(bytes, 22);
    header.top_down = ByteAt(bytes, 25) == 0xFF;
    if (header.top_down)
      header.height = (std::int64_t{1} << 32) - header.height;
    header.bits = ReadLittle16(bytes, 28);
    header.compression = ReadLittle32(bytes, 30);
    header.colors = ReadLittle32(bytes, 46);
  }
  constexpr std::array<int, 6> kBits = {1, 4, 8, 16, 24, 32};
  if (std::find(kBits.begin(), kBits.end(), header.bits) == kBits.end())
    ThrowDecode("BMP of {} bits a pixel; 1, 4, 8, 16, 24 and 32 are known",
                header.bits);
  if (header.bits <= 8) {
    if (header.colors == 0) header.colors = 1U << header.bits;
    if (header.colors > 65536)
      ThrowDecode("BMP with a palette of {} colours", header.colors);
    if (header.pixels_at == header.palette_at)
      header.pixels_at += header.entry_bytes * header.colors;
  }
  if (header.compression == kBitfields) ReadMasks(bytes, header_bytes, header);
  const bool rle = header.compression == kRle8 || header.compression == kRle4;
  if (header.compression > kBitfields || (rle && header.bits > 8))
    ThrowDecode("BMP of compression {}, which is not known",
                header.compression);
  if (header.pixels_at == 0)
    header.pixels_at =
        header.palette_at +
        (header.bits <= 8 ? header.entry_bytes * header.colors : 0);
  return header;
}

using Palette = std::array<std::array<std::uint8_t, 3>, 256>;

Palette ReadPalette(std::string_view bytes, const BmpHeader& header) {
  Palette palette{};  // what is past the file's entries is black
  // A ramp of grays 0, 1, 2, ... is no palette to Pillow: it goes on.
  bool ramp = header.colors != 2;
  for (std::size_t i = 0; i < std::min<std::size_t>(header.colors, 256); ++i) {
    const std::size_t at = header.palette_at + i * header.entry_bytes;
    for (std::size_t c = 0; c < 3; ++c) {
      palette[i][c] = ByteAt(bytes, at + 2 - c);
      ramp &= palette[i][c] == i;
    }
  }
  for (std::size_t i = 0; ramp && i < 256; ++i)
    palette[i].fill(static_cast<std::uint8_t>(i));
  return palette;
}

// Run lengths to one index a pixel, rows in the file's order. Damage that
// leaves the picture short is an error, as in Pillow.
std::vector<std::uint8_t> DecodeRuns(std::string_view bytes,
                                     const BmpHeader& header) {
  const auto width = static_cast<std::size_t>(header.width);
  const std::size_t total = width * static_cast<std::size_t>(header.height);
  const bool nibbles = header.compression == kRle4;
  std::vector<std::uint8_t> out;
  out.reserve(total);
  std::size_t x = 0;
  std::size_t at = header.pixels_at;
  while (out.size() < total && at + 2 <= bytes.size()) {
    const std::size_t count = ByteAt(bytes, at);
    const std::uint8_t value = ByteAt(bytes, at + 1);
    at += 2;
    if (count > 0) {
      const std::size_t run = std::min(count, width - std::min(x, width));
      for (std::size_t i = 0; i < run; ++i)
        out.push_back(!nibbles     ? value
                      : i % 2 == 0 ? static_cast<std::uint8_t>(value >> 4)
                                   : static_cast<std::uint8_t>(value & 15));
      x += run;
    } else if (value == 0) {  // end of row
      out.resize((out.size() + width - 1) / width * width);
      x = 0;
    } else if (value == 1) {  // end of picture
      break;
    } else if (value == 2) {  // move right and up
      if (at + 2 > bytes.size()) break;
      const std::size_t skip =
          ByteAt(bytes, at) + ByteAt(bytes, at + 1) * width;
      at += 2;
      out.resize(std::min(total, out.size() + skip));
      x = out.size() % width;
    } else {  // as many single pixels
      const std::size_t run = std::min<std::size_t>(total - out.size(), value);
      const std::size_t stored = nibbles ? (run + 1) / 2 : run;
      if (at + stored > bytes.size()) break;
      for (std::size_t i = 0; i < run; ++i) {
        const std::uint8_t byte = ByteAt(bytes, at + (nibbles ? i / 2 : i));
        out.push_back(!nibbles     ? byte
                      : i % 2 == 0 ? static_cast<std::uint8_t>(byte >> 4)
                                   : static_cast<std::uint8_t>(byte & 15));
      }
      x += value;
      at += stored;
      at += at % 2;
    }
  }
  if (out.size() < total) ThrowDecode("truncated BMP");
  return out;
}

void RowToRgb(const std::uint8_t* row,
              const BmpHeader& header,
              const Palette& palette,
              std::uint8_t* rgb,
              std::uint8_t* alpha) {
  const auto width = static_cast<std::size_t>(header.width);
  if (header.bits <= 8) {
    const std::size_t bits = header.bits;
    for (std::size_t x = 0; x < width; ++x, rgb += 3) {
      const std::size_t shift = 8 - bits - x * bits % 8;
      const std::size_t index =
          row[x * bits / 8] >> shift & ((std::size_t{1} << bits) - 1);
      std::copy_n(palette[index].data(), 3, rgb);
    }
    return;
  }
  if (header.bits == 16) {
    for (std::size_t x = 0; x < width; ++x, rgb += 3) {
      const int pixel = row[2 * x] | row[2 * x + 1] << 8;
      const bool six = header.five_six_five;
      rgb[0] =
          static_cast<std::uint8_t>((pixel >> (six ? 11 : 10) & 31) * 255 / 31);
      rgb[1] = static_cast<std::uint8_t>(six ? (pixel >> 5 & 63) * 255 / 63
                                             : (pixel >> 5 & 31) * 255 / 31);
      rgb[2] = static_cast<std::uint8_t>((pixel & 31) * 255 / 31);
    }
    return;
  }
  const std::size_t step = header.bits / 8;
  for (std::size_t x = 0; x < width; ++x, row += step, rgb += 3) {
    rgb[0] = row[header.layout.red];
    rgb[1] = row[header.layout.green];
    rgb[2] = row[header.layout.blue];
    if (alpha != nullptr) alpha[x] = row[header.layout.alpha];
  }
}

}  // namespace

Picture DecodeBmp(std::string_view bytes, const DecodeRequest& request) {
  BmpHeader header = ReadBmpHeader(bytes);
  const bool rle = header.compression == kRle8 || header.compression == kRle4;
  const std::size_t row_bytes = (header.width * header.bits + 7) / 8;
  const std::size_t stride = (row_bytes + 3) / 4 * 4;
  // Before memory is taken: raw rows must be there, and a run of two bytes
  // makes at most 255 pixels (a jump, a few rows more).
  if (!rle && header.height > 0 &&
      (header.pixels_at > bytes.size() ||
       stride * static_cast<std::size_t>(header.height - 1) + row_bytes >
           bytes.size() - header.pixels_at))
    ThrowDecode("truncated BMP");
  Picture picture;
  picture.image = NewImage(header.width, header.height, request);
  Palette palette{};
  if (header.bits <= 8) palette = ReadPalette(bytes, header);
  std::vector<std::uint8_t> runs;
  if (rle) {
    runs = DecodeRuns(bytes, header);
    header.bits = 8;
  }
  const bool alpha = request.alpha && header.layout.alpha >= 0;
  if (alpha) picture.alpha.resize(picture.image.pixels.size() / 3);
  const auto width = static_cast<std::size_t>(header.width);
  const auto height = static_cast<std::size_t>(header.height);
  const auto* raw =
      reinterpret_cast<const std::uint8_t*>(bytes.data()) + header.pixels_at;
  for (std::size_t i = 0; i < height; ++i) {
    const std::uint8_t* row = rle ? runs.data() + i * width : raw + i * stride;
    const std::size_t y = header.top_down ? i : height - 1 - i;
    RowToRgb(row, header, palette, picture.image.pixels.data() + y * width * 3,
             alpha ? picture.alpha.data() + y * width : nullptr);
  }
  return picture;
}

}  // namespace eyechart::data::internal
