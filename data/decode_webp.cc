// WebP: the container is read here, the pictures in it by OpenCV (libwebp).
#include <algorithm>
#include <optional>
#include <string>

#include "data/bytes.h"
#include "data/decode_formats.h"

namespace eyechart::data::internal {
namespace {

std::uint32_t ReadLittle24(std::string_view bytes, std::size_t at) {
  return ReadLittle32(bytes, at) & 0xFFFFFF;
}

struct Size {
  std::uint32_t width = 0;
  std::uint32_t height = 0;
};

bool operator==(Size a, Size b) {
  return a.width == b.width && a.height == b.height;
}

struct Container {
  std::optional<Size> canvas;  // of VP8X
  std::optional<Size> coded;   // of VP8 or VP8L
  bool animated = false;       // as VP8X says
  std::string_view frame;      // content of the first ANMF
  std::string_view exif;
  std::string_view xmp;
};

Size LossySize(std::string_view data) {
  return {ReadLittle16(data, 6) & 0x3FFFU, ReadLittle16(data, 8) & 0x3FFFU};
}

Size LosslessSize(std::string_view data) {
  const std::uint32_t bits = ReadLittle32(data, 1);
  return {(bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1};
}

// Chunks, of a file from its 12th byte or of a frame from its 16th.
Container ReadWebpChunks(std::string_view bytes, std::size_t at) {
  Container container;
  while (at + 8 <= bytes.size()) {
    const std::string_view type = bytes.substr(at, 4);
    const std::size_t length = ReadLittle32(bytes, at + 4);
    if (length > bytes.size() - at - 8) ThrowDecode("truncated WebP");
    const std::string_view data = bytes.substr(at + 8, length);
    if (type == "VP8X" && !container.canvas) {
      container.canvas =
          Size{ReadLittle24(data, 4) + 1, ReadLittle24(data, 7) + 1};
      container.animated = (ByteAt(data, 0) & 2) != 0;
    }
    if (type == "VP8 " && !container.coded) container.coded = LossySize(data);
    if (type == "VP8L" && !container.coded)
      container.coded = LosslessSize(data);
    if (type == "ANMF" && container.frame.empty()) container.frame = data;
    if (type == "EXIF" && container.exif.empty()) container.exif = data;
    if (type == "XMP " && container.xmp.empty()) container.xmp = data;
    at += 8 + length + length % 2;
  }
  return container;
}

void AppendChunk(std::string& file,
                 std::string_view type,
                 std::string_view data) {
  file += type;
  AppendLittle32(file, static_cast<std::uint32_t>(data.size()));
  file += data;
  if (data.size() % 2 != 0) file += '\0';
}

// The first frame of an animation as a file of its own.
std::string FrameAsFile(std::string_view frame, Size size) {
  const std::string_view chunks = Slice(frame, 16);
  std::string canvas(1, '\x10');  // has alpha
  canvas.append(3, '\0');
  for (const std::uint32_t side : {size.width - 1, size.height - 1})
    for (int shift = 0; shift < 24; shift += 8)
      canvas += static_cast<char>(side >> shift & 0xFF);
  std::string body = "WEBP";
  if (chunks.starts_with("ALPH")) AppendChunk(body, "VP8X", canvas);
  body += chunks;
  std::string file = "RIFF";
  AppendLittle32(file, static_cast<std::uint32_t>(body.size()));
  return file + body;
}

// Puts the frame on the canvas, which is transparent black, as libwebp's
// animation decoder begins.
Picture DecodeFrame(const Container& container, const DecodeRequest& request) {
  const std::string_view frame = container.frame;
  const std::size_t left = std::size_t{ReadLittle24(frame, 0)} * 2;
  const std::size_t top = std::size_t{ReadLittle24(frame, 3)} * 2;
  const Size size{ReadLittle24(frame, 6) + 1, ReadLittle24(frame, 9) + 1};
  Picture picture;
  picture.image =
      NewImage(container.canvas->width, container.canvas->height, request);
  const std::size_t width = container.canvas->width;
  if (left + size.width > width || top + size.height > container.canvas->height)
    ThrowDecode("damaged WebP: a frame larger than its canvas");
  Picture part;
  part.image = NewImage(size.width, size.height, request);
  DecodeWithOpenCv(FrameAsFile(frame, size), "WebP", request.alpha, part);
  const bool alpha =
      request.alpha && (!part.alpha.empty() ||
                        part.image.pixels.size() < picture.image.pixels.size());
  if (alpha) picture.alpha.resize(picture.image.pixels.size() / 3);
  for (std::size_t y = 0; y < size.height; ++y) {
    const std::size_t to = (top + y) * width + left;
    const std::size_t from = y * size.width;
    std::copy_n(part.image.pixels.data() + from * 3, size.width * 3,
                picture.image.pixels.data() + to * 3);
    if (!alpha) continue;
    if (part.alpha.empty())
      std::fill_n(picture.alpha.data() + to, size.width, std::uint8_t{255});
    else
      std::copy_n(part.alpha.data() + from, size.width,
                  picture.alpha.data() + to);
  }
  return picture;
}

}  // namespace

Picture DecodeWebp(std::string_view bytes, const DecodeRequest& request) {
  const std::size_t riff = ReadLittle32(bytes, 4);
  if (riff < 4 || riff > bytes.size() - 8) ThrowDecode("truncated WebP");
  bytes = bytes.substr(0, 8 + riff);
  const Container container = ReadWebpChunks(bytes, 12);
  Picture picture;
  if (container.canvas && container.animated && !container.frame.empty()) {
    picture = DecodeFrame(container, request);
  } else {
    // libwebp takes memory by the canvas, whose size is nobody's but VP8X's.
    if (!container.coded || container.animated ||
        (container.canvas && !(*container.canvas == *container.coded)))
      ThrowDecode("damaged WebP: it holds no picture of its size");
    picture.image =
        NewImage(container.coded->width, container.coded->height, request);
    DecodeWithOpenCv(bytes, "WebP", request.alpha, picture);
  }
  if (request.orientation)
    picture.orientation = ReadOrientation(container.exif, container.xmp);
  return picture;
}

}  // namespace eyechart::data::internal
