// Numbers in byte strings, for the picture and data set formats. Reading is
// bounded: a place past the end reads as zero, so that a parser of untrusted
// bytes that checks what it found cannot run over.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace eyechart::data {

inline std::uint8_t ByteAt(std::string_view bytes, std::size_t at) {
  return at < bytes.size() ? static_cast<std::uint8_t>(bytes[at])
                           : std::uint8_t{0};
}

inline std::uint16_t ReadBig16(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint16_t>(ByteAt(bytes, at) << 8 |
                                    ByteAt(bytes, at + 1));
}

inline std::uint16_t ReadLittle16(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint16_t>(ByteAt(bytes, at) | ByteAt(bytes, at + 1)
                                                            << 8);
}

inline std::uint32_t ReadBig32(std::string_view bytes, std::size_t at) {
  return std::uint32_t{ReadBig16(bytes, at)} << 16 | ReadBig16(bytes, at + 2);
}

inline std::uint32_t ReadLittle32(std::string_view bytes, std::size_t at) {
  return std::uint32_t{ReadLittle16(bytes, at + 2)} << 16 |
         ReadLittle16(bytes, at);
}

inline void AppendLittle32(std::string& bytes, std::uint32_t value) {
  for (int shift = 0; shift < 32; shift += 8)
    bytes += static_cast<char>(value >> shift & 0xFF);
}

/// At most `size` bytes from `at`, fewer at the end.
inline std::string_view Slice(std::string_view bytes,
                              std::size_t at,
                              std::size_t size = std::string_view::npos) {
  return at < bytes.size() ? bytes.substr(at, size) : std::string_view();
}

}  // namespace eyechart::data
