// PNG from its chunks and zlib, as Pillow reads it itself: OpenCV gives neither
// palette entries nor gray transparency as they are, and libpng behind it
// writes to stderr. Source: the PNG specification, sections 5 to 9 and 11.
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include "data/bytes.h"
#include "data/decode_formats.h"
#include "data/inflate.h"

namespace eyechart::data::internal {
namespace {

enum ColorType { kGray = 0, kRgb = 2, kPalette = 3, kGrayAlpha = 4, kRgba = 6 };

struct PngHeader {
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  int bits = 0;
  int color = 0;
  bool interlaced = false;

  int channels() const {
    return color == kRgb ? 3 : color == kRgba ? 4 : color == kGrayAlpha ? 2 : 1;
  }
  std::size_t RowBytes(std::size_t row_width) const {
    return (row_width * channels() * bits + 7) / 8;
  }
};

struct Chunks {
  PngHeader header;
  std::string_view palette;
  std::optional<std::string_view> transparency;
  std::string pieces;     // the data of several IDAT chunks, joined
  std::string_view data;  // all image data
  std::string_view exif;
  std::string exif_text;  // of "Raw profile type exif"
  std::string xmp;
};

PngHeader ReadPngHeader(std::string_view data) {
  if (data.size() < 13) ThrowDecode("damaged PNG: its header is short");
  PngHeader header{ReadBig32(data, 0), ReadBig32(data, 4), ByteAt(data, 8),
                   ByteAt(data, 9), ByteAt(data, 12) != 0};
  const int bits = header.bits;
  bool known = bits == 8 || bits == 16;
  if (header.color == kGray) known |= bits == 1 || bits == 2 || bits == 4;
  if (header.color == kPalette)
    known = bits == 1 || bits == 2 || bits == 4 || bits == 8;
  known &= header.color == kGray || header.color == kRgb ||
           header.color == kPalette || header.color == kGrayAlpha ||
           header.color == kRgba;
  if (!known)
    ThrowDecode("damaged PNG: color type {} with {} bits", header.color, bits);
  if (ByteAt(data, 10) != 0 || ByteAt(data, 11) != 0)
    ThrowDecode("damaged PNG: compression {} and filter method {}",
                ByteAt(data, 10), ByteAt(data, 11));
  return header;
}

// "Raw profile type exif", as ImageMagick writes it: three lines of heading,
// then hexadecimal.
std::string HexProfile(std::string_view text) {
  for (int line = 0; line < 3; ++line) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return {};
    text.remove_prefix(end + 1);
  }
  std::string digits;
  for (const char c : text)
    if (c != '\n' && c != ' ') digits += c;
  std::string bytes;
  for (std::size_t i = 0; i + 2 <= digits.size(); i += 2)
    bytes += static_cast<char>(
        std::strtol(digits.substr(i, 2).c_str(), nullptr, 16));
  return bytes;
}

// tEXt, zTXt and iTXt, for the two keys that may hold an orientation.
void ReadText(std::string_view type, std::string_view data, Chunks& chunks) {
  constexpr std::size_t kMaxText = 1 << 20;  // Pillow's bound for one text
  const std::size_t end = data.find('\0');
  if (end == std::string_view::npos) return;
  const std::string_view key = data.substr(0, end);
  std::string_view rest = data.substr(end + 1);
  bool compressed = type == "zTXt";
  if (type == "zTXt") {
    rest = Slice(rest, 1);
  } else if (type == "iTXt") {
    compressed = ByteAt(rest, 0) != 0;
    rest = Slice(rest, 2);
    for (int field = 0; field < 2; ++field) {  // language, translated key
      const std::size_t stop = rest.find('\0');
      if (stop == std::string_view::npos) return;
      rest.remove_prefix(stop + 1);
    }
  }
  const std::string text =
      compressed ? InflateSome(rest, kMaxText) : std::string(rest);
  if (key == "XML:com.adobe.xmp") chunks.xmp = text;
  if (key == "Raw profile type exif") chunks.exif_text = HexProfile(text);
}

bool IsChunkName(std::string_view type) {
  return std::all_of(type.begin(), type.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
  });
}

// Walks the chunks as Pillow does: checksums are checked before the image data
// and not in it, and a file may lack what follows the data.
Chunks ReadPngChunks(std::string_view bytes, bool texts) {
  Chunks chunks;
  std::vector<std::string_view> data;
  bool after_data = false;
  for (std::size_t at = 8; at < bytes.size();) {
    if (at + 8 > bytes.size()) break;
    const std::size_t length = ReadBig32(bytes, at);
    const std::string_view type = bytes.substr(at + 4, 4);
    const std::string_view content = Slice(bytes, at + 8, length);
    const bool first = at == 8;
    if (first != (type == "IHDR") || !IsChunkName(type)) {
      if (after_data) break;
      ThrowDecode("damaged PNG: a chunk where there should be another");
    }
    if (type == "IDAT") {
      if (after_data) break;  // not in one run: no part of the picture
      data.push_back(content);
    } else {
      after_data = !data.empty();
    }
    if (!after_data && type != "IDAT") {
      if (content.size() < length || at + 12 + length > bytes.size())
        ThrowDecode("truncated PNG");
      const std::string_view sum = bytes.substr(at + 4, 4 + length);
      if (crc32(0, reinterpret_cast<const Bytef*>(sum.data()),
                static_cast<uInt>(sum.size())) !=
          ReadBig32(bytes, at + 8 + length))
        ThrowDecode("damaged PNG: wrong checksum of chunk {}", type);
    }
    if (first) chunks.header = ReadPngHeader(content);
    if (type == "IEND") break;
    if (type == "PLTE") chunks.palette = content;
    if (type == "tRNS" && !after_data) chunks.transparency = content;
    if (type == "eXIf") chunks.exif = content;
    if (texts && (type == "tEXt" || type == "zTXt" || type == "iTXt"))
      ReadText(type, content, chunks);
    at += 12 + length;
  }
  if (data.empty()) ThrowDecode("truncated PNG");
  if (data.size() == 1) {
    chunks.data = data.front();
  } else {
    for (const std::string_view piece : data) chunks.pieces += piece;
    chunks.data = chunks.pieces;
  }
  return chunks;
}

std::uint8_t Paeth(int left, int up, int corner) {
  const int guess = left + up - corner;
  const int to_left = std::abs(guess - left);
  const int to_up = std::abs(guess - up);
  const int to_corner = std::abs(guess - corner);
  if (to_left <= to_up && to_left <= to_corner)
    return static_cast<std::uint8_t>(left);
  return static_cast<std::uint8_t>(to_up <= to_corner ? up : corner);
}

// Undoes a row's filter. `step` is the bytes of a pixel, at least 1; `above`
// is zeros for the first row.
void Unfilter(int filter,
              std::size_t step,
              const std::vector<std::uint8_t>& above,
              std::vector<std::uint8_t>& row) {
  const auto byte = [](int value) { return static_cast<std::uint8_t>(value); };
  const std::size_t n = row.size();
  switch (filter) {
    case 0:
      return;
    case 1:
      for (std::size_t i = step; i < n; ++i)
        row[i] = byte(row[i] + row[i - step]);
      return;
    case 2:
      for (std::size_t i = 0; i < n; ++i) row[i] = byte(row[i] + above[i]);
      return;
    case 3:
      for (std::size_t i = 0; i < std::min(step, n); ++i)
        row[i] = byte(row[i] + above[i] / 2);
      for (std::size_t i = step; i < n; ++i)
        row[i] = byte(row[i] + (row[i - step] + above[i]) / 2);
      return;
    case 4:
      for (std::size_t i = 0; i < std::min(step, n); ++i)
        row[i] = byte(row[i] + above[i]);
      for (std::size_t i = step; i < n; ++i)
        row[i] = byte(row[i] + Paeth(row[i - step], above[i], above[i - step]));
      return;
    default:
      ThrowDecode("damaged PNG: row filter {}", filter);
  }
}

// Writes rows of samples into the picture, every `step`-th pixel.
class Writer {
 public:
  Writer(const Chunks& chunks, const DecodeRequest& request, Picture& picture)
      : header_(chunks.header), picture_(picture) {
    for (std::size_t i = 0; i < 256; ++i) {
      // Entries past the palette's end are black, as in Pillow.
      for (std::size_t c = 0; c < 3; ++c)
        palette_[i][c] = ByteAt(chunks.palette, 3 * i + c);
    }
    alphas_.fill(255);
    const bool keyed = chunks.transparency.has_value();
    const std::string_view key = chunks.transparency.value_or("");
    if (keyed && header_.color == kPalette) {
      for (std::size_t i = 0; i < std::min<std::size_t>(key.size(), 256); ++i)
        alphas_[i] = ByteAt(key, i);
    } else if (keyed && (header_.color == kGray || header_.color == kRgb)) {
      if (key.size() < (header_.color == kGray ? 2U : 6U))
        ThrowDecode("damaged PNG: its tRNS chunk is short");
      // Pillow compares the 8-bit samples with the low byte of the key.
      for (std::size_t c = 0; c < 3; ++c)
        key_[c] = ByteAt(key, header_.color == kGray ? 1 : 2 * c + 1);
      if (header_.color == kGray && header_.bits == 1)
        key_.fill(ReadBig16(key, 0) != 0 ? 255 : 0);
      keyed_ = true;
    }
    const bool alpha = header_.color == kGrayAlpha || header_.color == kRgba ||
                       (keyed && header_.color != kGrayAlpha);
    if (request.alpha && alpha)
      picture.alpha.resize(picture.image.pixels.size() / 3);
  }

  void Row(const std::uint8_t* row,
           std::size_t y,
           std::size_t x,
           std::size_t step,
           std::size_t count) {
    std::size_t pixel = y * header_.width + x;
    if (header_.color == kRgb && header_.bits == 8 && step == 1 && !keyed_) {
      std::copy_n(row, 3 * count, picture_.image.pixels.data() + 3 * pixel);
      return;
    }
    for (std::size_t i = 0; i < count; ++i, pixel += step) {
      std::uint8_t* rgb = picture_.image.pixels.data() + 3 * pixel;
      std::uint8_t alpha = 255;
      Pixel(row, i, rgb, alpha);
      if (keyed_ && std::equal(key_.begin(), key_.end(), rgb)) alpha = 0;
      if (!picture_.alpha.empty()) picture_.alpha[pixel] = alpha;
    }
  }

 private:
  void Pixel(const std::uint8_t* row,
             std::size_t i,
             std::uint8_t* rgb,
             std::uint8_t& alpha) {
    const std::size_t bytes = header_.bits == 16 ? 2 : 1;
    const std::uint8_t* at = row + i * header_.channels() * bytes;
    switch (header_.color) {
      case kRgb:
      case kRgba:
        // Of 16 bits the high byte, as Pillow takes it.
        for (std::size_t c = 0; c < 3; ++c) rgb[c] = at[c * bytes];
        if (header_.color == kRgba) alpha = at[3 * bytes];
        return;
      case kGrayAlpha:
        rgb[0] = rgb[1] = rgb[2] = at[0];
        alpha = at[bytes];
        return;
      case kPalette: {
        const std::uint8_t index = Packed(row, i);
        std::copy_n(palette_[index].data(), 3, rgb);
        alpha = alphas_[index];
        return;
      }
      default:
        break;
    }
    std::uint8_t gray = 0;
    if (header_.bits == 16) {
      gray = at[0] != 0 ? std::uint8_t{255} : at[1];  // clipped, not scaled
    } else {
      const int largest = (1 << header_.bits) - 1;
      gray = static_cast<std::uint8_t>(Packed(row, i) * (255 / largest));
    }
    rgb[0] = rgb[1] = rgb[2] = gray;
  }

  std::uint8_t Packed(const std::uint8_t* row, std::size_t i) const {
    const std::size_t bit = i * header_.bits;
    const int shift = 8 - header_.bits - static_cast<int>(bit % 8);
    return static_cast<std::uint8_t>(row[bit / 8] >> shift &
                                     ((1 << header_.bits) - 1));
  }

  const PngHeader header_;
  Picture& picture_;
  std::array<std::array<std::uint8_t, 3>, 256> palette_{};
  std::array<std::uint8_t, 256> alphas_{};
  std::array<std::uint8_t, 3> key_{};
  bool keyed_ = false;
};

// One pass of the picture: every `dx`-th pixel from `x` of every `dy`-th row
// from `y`.
struct Pass {
  std::size_t x, y, dx, dy;
};
constexpr Pass kWhole[] = {{0, 0, 1, 1}};
constexpr Pass kAdam7[] = {{0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8},
                           {2, 0, 4, 4}, {0, 2, 2, 4}, {1, 0, 2, 2},
                           {0, 1, 1, 2}};

}  // namespace

Picture DecodePng(std::string_view bytes, const DecodeRequest& request) {
  const Chunks chunks = ReadPngChunks(bytes, request.orientation);
  const PngHeader& header = chunks.header;
  // What the rows take when inflated; a picture that its data cannot hold is
  // found out before its memory is taken.
  if (header.height > 0 && header.RowBytes(header.width) / kMaxInflateRatio >
                               chunks.data.size() / header.height)
    ThrowDecode("truncated PNG");
  Picture picture;
  picture.image = NewImage(header.width, header.height, request);
  if (header.color == kGray && header.bits == 16) picture.note = kClipped16Note;

  Writer writer(chunks, request, picture);
  Inflater inflater(chunks.data);
  const std::size_t step =
      std::max<std::size_t>(1, header.channels() * header.bits / 8);
  const Pass* passes = header.interlaced ? kAdam7 : kWhole;
  const std::size_t pass_count = header.interlaced ? std::size(kAdam7) : 1;
  for (std::size_t p = 0; p < pass_count; ++p) {
    const Pass& pass = passes[p];
    if (pass.x >= header.width) continue;
    const std::size_t count = (header.width - pass.x + pass.dx - 1) / pass.dx;
    std::vector<std::uint8_t> row(header.RowBytes(count));
    std::vector<std::uint8_t> above(row.size());
    for (std::size_t y = pass.y; y < header.height; y += pass.dy) {
      std::uint8_t filter = 0;
      const bool whole = inflater.Read(&filter, 1) == 1 &&
                         inflater.Read(row.data(), row.size()) == row.size();
      if (!whole && inflater.damaged())
        ThrowDecode("damaged PNG: its compressed data is broken");
      if (!whole) ThrowDecode("truncated PNG");
      Unfilter(filter, step, above, row);
      writer.Row(row.data(), y, pass.x, pass.dx, count);
      row.swap(above);
    }
  }
  if (request.orientation) {
    const std::string_view exif =
        chunks.exif.empty() ? std::string_view(chunks.exif_text) : chunks.exif;
    picture.orientation = ReadOrientation(exif, chunks.xmp);
  }
  return picture;
}

}  // namespace eyechart::data::internal
