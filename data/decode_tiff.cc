// TIFF as Pillow reads it. OpenCV would go through libtiff's RGBA interface,
// which multiplies by alpha and has its own CMYK. Source: TIFF 6.0; the choices
// among layouts are Pillow's OPEN_INFO.
#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <string>
#include <vector>

#include "data/bytes.h"
#include "data/decode_formats.h"
#include "data/tiff_directory.h"
#include "data/tiff_strips.h"

namespace eyechart::data::internal {
namespace {

enum Tag : std::uint16_t {
  kWidth = 256,
  kHeight = 257,
  kBits = 258,
  kCompression = 259,
  kPhotometric = 262,
  kFillOrder = 266,
  kStripOffsets = 273,
  kOrientation = 274,
  kSamples = 277,
  kRowsPerStrip = 278,
  kStripBytes = 279,
  kPlanar = 284,
  kPredictor = 317,
  kColorMap = 320,
  kTileWidth = 322,
  kTileHeight = 323,
  kTileOffsets = 324,
  kTileBytes = 325,
  kExtraSamples = 338,
  kSampleFormat = 339,
  kJpegTables = 347,
};

enum Photometric {
  kWhiteIsZero = 0,
  kBlackIsZero = 1,
  kRgbSamples = 2,
  kPaletteSamples = 3,
  kCmykSamples = 5,
  kYccSamples = 6
};
enum SampleFormat { kUnsigned = 1, kSigned = 2, kFloat = 3 };
enum class Alpha { kNone, kPremultiplied, kStraight };

struct TiffLayout {
  std::int64_t width = 0;
  std::int64_t height = 0;
  std::uint64_t compression = kTiffNone;
  std::uint64_t photometric = 0;
  std::uint64_t format = kUnsigned;
  int bits = 1;
  std::size_t samples = 1;
  std::size_t colors = 1;  // samples that are colour: the first ones
  Alpha alpha = Alpha::kNone;
  bool planar = false;
  bool reversed = false;
  std::uint64_t predictor = 1;
  bool tiled = false;
  std::size_t block_width = 0;
  std::size_t block_height = 0;
};

[[noreturn]] void Unsupported(const TiffLayout& l) {
  ThrowDecode(
      "TIFF of {} samples of {} bits (format {}), photometric {}, compression "
      "{}, predictor {}: not a kind that is read",
      l.samples, l.bits, l.format, l.photometric, l.compression, l.predictor);
}

void ReadSamples(const TiffDirectory& tiff, TiffLayout& l) {
  constexpr std::size_t kMaxSamples = 6;
  const std::uint64_t samples = tiff.Value(kSamples, 1);
  if (samples < 1 || samples > kMaxSamples)
    ThrowDecode("TIFF of {} samples a pixel; at most {} are read", samples,
                kMaxSamples);
  l.samples = samples;
  std::vector<std::uint64_t> bits = tiff.Values(kBits, kMaxSamples + 1);
  if (bits.empty()) bits = {1};
  if (bits.size() != 1 && bits.size() < samples) Unsupported(l);
  for (std::size_t i = 0; i < std::min(bits.size(), l.samples); ++i)
    if (bits[i] != bits[0]) Unsupported(l);
  if (bits[0] > 32) Unsupported(l);
  l.bits = static_cast<int>(bits[0]);
  const std::vector<std::uint64_t> formats = tiff.Values(kSampleFormat, 1);
  l.format = formats.empty() ? std::uint64_t{kUnsigned} : formats[0];

  l.colors = l.photometric == kRgbSamples || l.photometric == kYccSamples ? 3
             : l.photometric == kCmykSamples                              ? 4
                                                                          : 1;
  if (l.samples < l.colors) Unsupported(l);
  const std::vector<std::uint64_t> extra =
      tiff.Values(kExtraSamples, kMaxSamples);
  const std::size_t extras = l.samples - l.colors;
  if (extra.size() != extras) {
    // A fourth sample that nobody named is alpha.
    if (l.photometric != kRgbSamples || extras != 1 || !extra.empty())
      Unsupported(l);
    // In compressed planes Pillow takes it for premultiplied.
    l.alpha = l.planar && l.compression != kTiffNone ? Alpha::kPremultiplied
                                                     : Alpha::kStraight;
  } else if (extras > 0) {
    constexpr std::uint64_t kCorel = 999;
    if (extra[0] == 1) l.alpha = Alpha::kPremultiplied;
    if (extra[0] == 2 || extra[0] == kCorel) l.alpha = Alpha::kStraight;
  }
}

// Whether Pillow has a mode for it and PixelRow below knows the mode.
bool IsServed(const TiffLayout& l) {
  const bool plain = l.samples == 1;
  const bool plain_colors = l.samples == l.colors && l.bits == 8 && !l.planar;
  if (l.compression == kTiffJpeg && !plain_colors) return false;
  switch (l.photometric) {
    case kWhiteIsZero:
    case kBlackIsZero:
      if (!plain)
        return l.bits == 8 && l.format == kUnsigned && l.samples == 2 &&
               l.photometric == kBlackIsZero &&
               l.alpha != Alpha::kPremultiplied;
      if (l.format == kFloat) return l.bits == 32;
      if (l.format == kSigned)
        return (l.bits == 8 || l.bits == 16 || l.bits == 32) &&
               l.photometric == kBlackIsZero;
      if (l.bits == 32) return l.photometric == kBlackIsZero;
      return l.bits == 1 || l.bits == 2 || l.bits == 4 || l.bits == 8 ||
             l.bits == 16;
    case kRgbSamples:
      return l.format == kUnsigned && (l.bits == 8 || l.bits == 16);
    case kPaletteSamples:
      if (!plain)
        return l.bits == 8 && l.samples == 2 &&
               l.alpha != Alpha::kPremultiplied;
      return l.format == kUnsigned &&
             (l.bits == 1 || l.bits == 2 || l.bits == 4 || l.bits == 8);
    case kCmykSamples:
      return l.format == kUnsigned && (l.bits == 8 || l.bits == 16) &&
             l.alpha == Alpha::kNone;
    case kYccSamples:
      return l.compression == kTiffJpeg && plain_colors;
    default:
      return false;
  }
}

// Layouts that Pillow accepts and then takes the bytes of for something else:
// there is no reference to be equal to.
bool PillowMisreads(const TiffLayout& l, bool big_endian, bool alpha) {
  if (l.compression == kTiffNone) {
    const bool packed = l.samples == 1 && (l.bits == 2 || l.bits == 4);
    return l.planar && (l.bits > 8 || packed);
  }
  if (alpha && l.planar && l.colors == 1 && l.samples > 1) return true;
  const bool wide = l.bits == 32 || (l.bits == 16 && l.format == kSigned);
  return wide && l.colors == 1 && big_endian;
}

TiffLayout ReadLayout(const TiffDirectory& tiff) {
  constexpr std::int64_t kMaxSide = 1 << 30;
  const auto side = [&tiff](Tag tag) {
    return static_cast<std::int64_t>(
        std::min<std::uint64_t>(tiff.Value(tag, 0), kMaxSide));
  };
  TiffLayout l;
  l.width = side(kWidth);
  l.height = side(kHeight);
  if (l.width < 1 || l.height < 1)
    ThrowDecode("truncated or damaged TIFF: it has no size");
  l.compression = tiff.Value(kCompression, kTiffNone);
  l.photometric = tiff.Value(kPhotometric, kWhiteIsZero);
  l.planar = tiff.Value(kPlanar, 1) == 2;
  l.reversed = tiff.Value(kFillOrder, 1) == 2;
  l.predictor = l.compression == kTiffNone ? 1 : tiff.Value(kPredictor, 1);
  ReadSamples(tiff, l);
  l.tiled = !tiff.Has(kStripOffsets) && tiff.Has(kTileOffsets);
  l.block_width =
      static_cast<std::size_t>(l.tiled ? side(kTileWidth) : l.width);
  l.block_height = static_cast<std::size_t>(
      l.tiled
          ? side(kTileHeight)
          : std::min<std::int64_t>(
                l.height, static_cast<std::int64_t>(std::min<std::uint64_t>(
                              tiff.Value(kRowsPerStrip, kMaxSide), kMaxSide))));
  constexpr std::size_t kMaxTile = std::size_t{1} << 28;  // pixels
  if (l.block_width < 1 || l.block_height < 1)
    ThrowDecode("damaged TIFF: it has blocks of no size");
  if (l.tiled && l.block_width > kMaxTile / l.block_height)
    ThrowDecode("TIFF with tiles of {} x {} pixels", l.block_width,
                l.block_height);
  return l;
}

// Adds to each sample the one of the pixel before. Source: TIFF 6.0, section
// 14.
template <typename T>
void Accumulate(std::uint8_t* row,
                std::size_t count,
                std::size_t step,
                const TiffDirectory& tiff) {
  constexpr std::size_t kSize = sizeof(T);
  const auto read = [&](std::size_t i) {
    T value = 0;
    for (std::size_t b = 0; b < kSize; ++b)
      value = static_cast<T>(
          value << (kSize > 1 ? 8 : 0) |
          row[i * kSize + (tiff.big_endian() ? b : kSize - 1 - b)]);
    return value;
  };
  for (std::size_t i = step; i < count; ++i) {
    const T sum = static_cast<T>(read(i) + read(i - step));
    for (std::size_t b = 0; b < kSize; ++b)
      row[i * kSize + (tiff.big_endian() ? kSize - 1 - b : b)] =
          static_cast<std::uint8_t>(sum >> (8 * b));
  }
}

void UndoPredictor(const TiffLayout& l,
                   const TiffDirectory& tiff,
                   std::size_t samples,
                   std::size_t row_bytes,
                   std::vector<std::uint8_t>& block) {
  if (l.predictor == 1) return;
  const std::size_t count = l.block_width * samples;
  for (std::size_t at = 0; at + row_bytes <= block.size(); at += row_bytes) {
    std::uint8_t* row = block.data() + at;
    if (l.bits == 8) Accumulate<std::uint8_t>(row, count, samples, tiff);
    if (l.bits == 16) Accumulate<std::uint16_t>(row, count, samples, tiff);
    if (l.bits == 32) Accumulate<std::uint32_t>(row, count, samples, tiff);
  }
}

// Turns samples, in the file's byte order, into pixels.
class PixelWriter {
 public:
  PixelWriter(const TiffLayout& layout,
              const TiffDirectory& tiff,
              bool alpha,
              Picture& picture)
      : l_(layout), tiff_(tiff), picture_(picture) {
    if (alpha && l_.alpha != Alpha::kNone)
      picture_.alpha.resize(picture_.image.pixels.size() / 3);
    if (l_.photometric != kPaletteSamples) return;
    const std::size_t entries = std::size_t{1} << l_.bits;
    const std::vector<std::uint64_t> map = tiff.Values(kColorMap, 3 * 256);
    if (map.size() < 3 * entries)
      ThrowDecode("damaged TIFF: its colour map is missing or short");
    for (std::size_t i = 0; i < entries; ++i)
      for (std::size_t c = 0; c < 3; ++c)
        palette_[i][c] = static_cast<std::uint8_t>(map[c * entries + i] / 256);
  }

  // `row` holds l.samples samples a pixel.
  void Row(const std::uint8_t* row,
           std::size_t y,
           std::size_t x,
           std::size_t count) {
    std::size_t pixel = y * static_cast<std::size_t>(l_.width) + x;
    for (std::size_t i = 0; i < count; ++i, ++pixel)
      Pixel(row, i, picture_.image.pixels.data() + 3 * pixel,
            picture_.alpha.empty() ? nullptr : picture_.alpha.data() + pixel);
  }

 private:
  // Sample `i` of the row as 8 bits: of 16 the high byte.
  std::uint8_t Sample8(const std::uint8_t* row, std::size_t i) const {
    if (l_.bits == 8) return row[i];
    return row[2 * i + (tiff_.big_endian() ? 0 : 1)];
  }

  std::uint8_t Gray(const std::uint8_t* row, std::size_t i) const {
    // Pillow forgets to invert where it takes planes apart, even just one.
    const bool invert = l_.photometric == kWhiteIsZero &&
                        !(l_.planar && l_.compression == kTiffNone);
    if (l_.bits < 8) {
      const int largest = (1 << l_.bits) - 1;
      const int value = Packed(row, i) * (255 / largest);
      return static_cast<std::uint8_t>(invert ? 255 - value : value);
    }
    if (l_.bits == 8)
      return static_cast<std::uint8_t>(invert ? 255 - row[i] : row[i]);
    // Wider samples are clipped, not scaled; Pillow inverts none of them.
    const std::size_t size = static_cast<std::size_t>(l_.bits) / 8;
    std::uint32_t bits = 0;
    for (std::size_t b = 0; b < size; ++b)
      bits =
          bits << 8 | row[i * size + (tiff_.big_endian() ? b : size - 1 - b)];
    if (l_.format == kFloat) {
      const float value = std::bit_cast<float>(bits);
      if (!(value > 0.0f)) return 0;  // NaN too
      return value >= 255.0f ? std::uint8_t{255}
                             : static_cast<std::uint8_t>(value);
    }
    // An unsigned 32-bit sample is a signed one to Pillow.
    const std::int64_t value =
        l_.bits == 32          ? std::int64_t{static_cast<std::int32_t>(bits)}
        : l_.format == kSigned ? std::int64_t{static_cast<std::int16_t>(bits)}
                               : std::int64_t{bits};
    return static_cast<std::uint8_t>(
        std::clamp(value, std::int64_t{0}, std::int64_t{255}));
  }

  std::uint8_t Packed(const std::uint8_t* row, std::size_t i) const {
    const std::size_t bit = i * static_cast<std::size_t>(l_.bits);
    const int shift = 8 - l_.bits - static_cast<int>(bit % 8);
    return static_cast<std::uint8_t>(row[bit / 8] >> shift &
                                     ((1 << l_.bits) - 1));
  }

  void Pixel(const std::uint8_t* row,
             std::size_t i,
             std::uint8_t* rgb,
             std::uint8_t* alpha) const {
    const std::size_t first = i * l_.samples;
    std::uint8_t opacity = 255;
    if (l_.alpha != Alpha::kNone) opacity = Sample8(row, first + l_.colors);
    if (l_.photometric == kPaletteSamples) {
      const std::uint8_t index = Packed(row, first);
      std::copy_n(palette_[index].data(), 3, rgb);
    } else if (l_.photometric == kCmykSamples) {
      std::array<std::uint8_t, 4> inks;
      for (std::size_t c = 0; c < 4; ++c) inks[c] = Sample8(row, first + c);
      CmykToRgb(inks.data(), rgb);
    } else if (l_.colors == 3) {
      for (std::size_t c = 0; c < 3; ++c) rgb[c] = Sample8(row, first + c);
      if (l_.alpha == Alpha::kPremultiplied && opacity != 255) {
        for (std::size_t c = 0; c < 3; ++c)
          rgb[c] = opacity == 0 ? std::uint8_t{0}
                                : static_cast<std::uint8_t>(
                                      std::min(255, 255 * rgb[c] / opacity));
      }
    } else {
      rgb[0] = rgb[1] = rgb[2] = Gray(row, first);
    }
    if (alpha != nullptr) *alpha = opacity;
  }

  const TiffLayout& l_;
  const TiffDirectory& tiff_;
  Picture& picture_;
  std::array<std::array<std::uint8_t, 3>, 256> palette_{};
};

// The blocks of the file, in rows, each placed where it belongs.
void DecodeBlocks(std::string_view bytes,
                  const TiffDirectory& tiff,
                  const TiffLayout& l,
                  PixelWriter& writer) {
  const auto width = static_cast<std::size_t>(l.width);
  const auto height = static_cast<std::size_t>(l.height);
  const std::size_t across = (width + l.block_width - 1) / l.block_width;
  const std::size_t down = (height + l.block_height - 1) / l.block_height;
  const std::size_t planes = l.planar ? l.samples : 1;
  const std::size_t samples = l.planar ? 1 : l.samples;
  const std::size_t row_bytes = (l.block_width * samples * l.bits + 7) / 8;
  const std::vector<std::uint64_t> offsets =
      tiff.Values(l.tiled ? kTileOffsets : kStripOffsets);
  const std::vector<std::uint64_t> lengths =
      tiff.Values(l.tiled ? kTileBytes : kStripBytes);
  if (offsets.size() < across * down * planes)
    ThrowDecode("truncated or damaged TIFF: {} of {} blocks are listed",
                offsets.size(), across * down * planes);

  const std::size_t sample_bytes = static_cast<std::size_t>(l.bits + 7) / 8;
  std::vector<std::uint8_t> block;
  std::vector<std::uint8_t> joined;  // of planes: one sample after another
  for (std::size_t b = 0; b < across * down; ++b) {
    const std::size_t x = b % across * l.block_width;
    const std::size_t y = b / across * l.block_height;
    const std::size_t rows =
        l.tiled ? l.block_height : std::min(l.block_height, height - y);
    const std::size_t block_bytes = rows * row_bytes;
    for (std::size_t plane = 0; plane < planes; ++plane) {
      const std::size_t index = plane * across * down + b;
      const std::uint64_t length = l.compression == kTiffNone ? block_bytes
                                   : index < lengths.size()   ? lengths[index]
                                                              : bytes.size();
      const std::string_view data = Slice(bytes, offsets[index], length);
      if (block_bytes / MaxTiffRatio(l.compression) > data.size())
        ThrowDecode("truncated TIFF");
      block.resize(block_bytes);
      if (l.compression == kTiffJpeg)
        DecodeJpegBlock(tiff.Bytes(kJpegTables), data,
                        l.photometric == kYccSamples, l.block_width, samples,
                        block);
      else if (!DecodeTiffBlock(l.compression, l.reversed, data, block))
        ThrowDecode("truncated or damaged TIFF");
      UndoPredictor(l, tiff, samples, row_bytes, block);
      if (!l.planar) continue;
      joined.resize(block_bytes * planes);
      for (std::size_t i = 0; i < block_bytes / sample_bytes; ++i)
        std::copy_n(block.data() + i * sample_bytes, sample_bytes,
                    joined.data() + (i * planes + plane) * sample_bytes);
    }
    const std::uint8_t* row = l.planar ? joined.data() : block.data();
    for (std::size_t r = 0; r < rows && y + r < height; ++r)
      writer.Row(row + r * row_bytes * planes, y + r, x,
                 std::min(l.block_width, width - x));
  }
}

}  // namespace

Picture DecodeTiff(std::string_view bytes, const DecodeRequest& request) {
  const TiffDirectory tiff(bytes);
  if (!tiff.valid()) ThrowDecode("damaged TIFF: its header is not one");
  if (!tiff.whole()) ThrowDecode("truncated TIFF: its directory is cut short");
  const TiffLayout layout = ReadLayout(tiff);
  if (!KnowsTiffCompression(layout.compression) || !IsServed(layout) ||
      layout.predictor < 1 || layout.predictor > 2 ||
      (layout.predictor == 2 && layout.bits < 8) ||
      (layout.planar && layout.samples > 1 && layout.bits < 8))
    Unsupported(layout);
  if (PillowMisreads(layout, tiff.big_endian(), request.alpha))
    ThrowDecode(
        "TIFF of {}-bit samples (format {}) in {} order{}: Pillow misreads "
        "such files, so what they should give is not defined",
        layout.bits, layout.format, tiff.big_endian() ? "MM" : "II",
        layout.planar ? ", in planes" : "");
  // Before memory is taken, what the blocks could hold at the very most.
  const std::size_t row_bytes =
      (static_cast<std::size_t>(layout.width) * layout.samples * layout.bits +
       7) /
      8;
  if (row_bytes / MaxTiffRatio(layout.compression) >
      bytes.size() / static_cast<std::size_t>(layout.height))
    ThrowDecode("truncated TIFF");
  Picture picture;
  picture.image = NewImage(layout.width, layout.height, request);
  if (layout.bits > 8 && layout.colors == 1)
    picture.note = layout.bits == 16
                       ? kClipped16Note
                       : "32-bit gray clipped to 8 bits as Pillow does";
  PixelWriter writer(layout, tiff, request.alpha, picture);
  DecodeBlocks(bytes, tiff, layout, writer);
  // Pillow turns TIFF pictures, and only those, as it loads them.
  ApplyOrientation(static_cast<int>(tiff.Value(kOrientation, 1)), picture);
  return picture;
}

}  // namespace eyechart::data::internal
