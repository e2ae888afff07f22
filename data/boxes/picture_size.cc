#include "data/boxes/picture_size.h"

#include <cstdint>
#include <limits>

#include "core/error.h"
#include "core/mapped_file.h"
#include "data/bytes.h"
#include "data/signature.h"
#include "data/tiff_directory.h"

namespace eyechart::data {
namespace {

// The first start-of-frame segment (ITU T.81, B.2.2).
PictureSize JpegSize(std::string_view bytes) {
  std::size_t at = 2;
  while (at + 9 <= bytes.size()) {
    if (ByteAt(bytes, at) != 0xFF) {
      ++at;
      continue;
    }
    const int marker = ByteAt(bytes, at + 1);
    if (marker == 0xFF) {  // padding
      ++at;
      continue;
    }
    if (marker == 0x00 || marker == 0x01 ||
        (marker >= 0xD0 && marker <= 0xD8)) {  // no length behind these
      at += 2;
      continue;
    }
    if (marker == 0xD9 || marker == 0xDA) break;  // the picture itself
    const bool frame = marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 &&
                       marker != 0xC8 && marker != 0xCC;
    if (frame) return {ReadBig16(bytes, at + 5), ReadBig16(bytes, at + 7)};
    const std::size_t length = ReadBig16(bytes, at + 2);
    if (length < 2) break;
    at += 2 + length;
  }
  return {};
}

PictureSize PngSize(std::string_view bytes) {
  if (Slice(bytes, 12, 4) != "IHDR" || bytes.size() < 24) return {};
  return {ReadBig32(bytes, 20), ReadBig32(bytes, 16)};
}

PictureSize WebpSize(std::string_view bytes) {
  const std::string_view type = Slice(bytes, 12, 4);
  const std::string_view data = Slice(bytes, 20);
  if (type == "VP8X" && data.size() >= 10)
    return {(ReadLittle32(data, 7) & 0xFFFFFF) + 1,
            (ReadLittle32(data, 4) & 0xFFFFFF) + 1};
  if (type == "VP8 " && data.size() >= 10)
    return {ReadLittle16(data, 8) & 0x3FFF, ReadLittle16(data, 6) & 0x3FFF};
  if (type == "VP8L" && data.size() >= 5) {
    const std::uint32_t bits = ReadLittle32(data, 1);
    return {(bits >> 14 & 0x3FFF) + 1, (bits & 0x3FFF) + 1};
  }
  return {};
}

PictureSize BmpSize(std::string_view bytes) {
  if (bytes.size() < 26) return {};
  if (ReadLittle32(bytes, 14) == 12)
    return {ReadLittle16(bytes, 20), ReadLittle16(bytes, 18)};
  // A negative height is that of rows from the top.
  const auto height = static_cast<std::int32_t>(ReadLittle32(bytes, 22));
  return {height < 0 ? -std::int64_t{height} : height, ReadLittle32(bytes, 18)};
}

PictureSize TiffSize(std::string_view bytes) {
  constexpr std::uint16_t kWidth = 256, kHeight = 257, kOrientation = 274;
  constexpr std::uint64_t kMost = std::numeric_limits<int>::max();
  const TiffDirectory directory(bytes);
  const std::uint64_t width = directory.Value(kWidth, 0);
  const std::uint64_t height = directory.Value(kHeight, 0);
  if (width > kMost || height > kMost) return {};
  const std::uint64_t turn = directory.Value(kOrientation, 1);
  const PictureSize size{static_cast<std::int64_t>(height),
                         static_cast<std::int64_t>(width)};
  return turn >= 5 && turn <= 8 ? PictureSize{size.width, size.height} : size;
}

PictureSize SizeOf(std::string_view bytes) {
  switch (SniffFormat(bytes)) {
    case PictureFormat::kJpeg:
      return JpegSize(bytes);
    case PictureFormat::kPng:
      return PngSize(bytes);
    case PictureFormat::kWebp:
      return WebpSize(bytes);
    case PictureFormat::kBmp:
      return BmpSize(bytes);
    case PictureFormat::kTiff:
      return TiffSize(bytes);
    case PictureFormat::kUnknown:
      break;
  }
  return {};
}

}  // namespace

std::optional<PictureSize> PictureSizeOf(std::string_view bytes) {
  constexpr std::int64_t kMost = std::numeric_limits<int>::max();
  const PictureSize size = SizeOf(bytes);
  if (size.width < 1 || size.height < 1 || size.width > kMost ||
      size.height > kMost)
    return std::nullopt;
  return size;
}

std::optional<PictureSize> ReadPictureSize(const std::filesystem::path& path) {
  try {
    const MappedFile file(path);
    return PictureSizeOf(
        {reinterpret_cast<const char*>(file.bytes().data()), file.size()});
  } catch (const InputError&) {
    return std::nullopt;
  }
}

}  // namespace eyechart::data
