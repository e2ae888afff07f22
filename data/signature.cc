#include "data/signature.h"

#include <fstream>
#include <string>

namespace eyechart::data {

PictureFormat SniffFormat(std::string_view bytes) {
  using namespace std::string_view_literals;
  if (bytes.starts_with("\xFF\xD8\xFF"sv)) return PictureFormat::kJpeg;
  if (bytes.starts_with("\x89PNG\r\n\x1A\n"sv)) return PictureFormat::kPng;
  if (bytes.starts_with("RIFF"sv) && bytes.size() >= 12 &&
      bytes.substr(8).starts_with("WEBP"sv))
    return PictureFormat::kWebp;
  // "BM" alone also begins texts; a bitmap's reserved bytes are zero.
  if (bytes.starts_with("BM"sv) && bytes.size() >= 10 &&
      bytes.substr(6).starts_with("\0\0\0\0"sv))
    return PictureFormat::kBmp;
  for (const auto magic : {"II*\0"sv, "MM\0*"sv, "II+\0"sv, "MM\0+"sv})
    if (bytes.starts_with(magic)) return PictureFormat::kTiff;
  return PictureFormat::kUnknown;
}

PictureFormat SniffFile(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::string bytes(12, '\0');
  file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<std::size_t>(file.gcount()));
  return SniffFormat(bytes);
}

}  // namespace eyechart::data
