// SHA-256, of bytes and of files.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

namespace eyechart {

/// Incremental SHA-256 (OpenSSL's).
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;

  void Update(const void* data, std::size_t size);
  void Update(std::string_view text) { Update(text.data(), text.size()); }

  /// Lower-case hexadecimal digest; ends the object's use.
  std::string HexDigest();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Lower-case hexadecimal SHA-256 of `bytes`.
std::string Sha256Hex(std::string_view bytes);

/// The same of a file's content, read in pieces. Throws InputError if the file
/// cannot be read.
std::string Sha256File(const std::filesystem::path& path);

}  // namespace eyechart
