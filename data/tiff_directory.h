// The first directory of a TIFF file or EXIF block: tags and whole numbers.
#pragma once

#include <cstdint>
#include <map>
#include <string_view>
#include <vector>

namespace eyechart::data {

/// Reads classic and big TIFF in either byte order. What is out of bounds or
/// of a type without whole numbers is left out; nothing throws.
class TiffDirectory {
 public:
  /// `bytes` must outlive it.
  explicit TiffDirectory(std::string_view bytes);

  /// The bytes begin with a TIFF header.
  bool valid() const { return valid_; }
  /// All entries that the directory counts are there.
  bool whole() const { return whole_; }
  bool big_endian() const { return big_endian_; }
  bool Has(std::uint16_t tag) const { return entries_.contains(tag); }
  /// All values of a tag, at most `limit`; none where the tag is absent.
  std::vector<std::uint64_t> Values(std::uint16_t tag,
                                    std::size_t limit = SIZE_MAX) const;
  /// The value of a tag with exactly one, else `fallback`; one of type BYTE is
  /// no number to Pillow either.
  std::uint64_t Value(std::uint16_t tag, std::uint64_t fallback) const;
  /// A tag's value as bytes, of type BYTE or UNDEFINED; empty where absent.
  std::string_view Bytes(std::uint16_t tag) const;
  /// The 16-, 32- or 64-bit number at a place, 0 past the end.
  std::uint64_t Number(std::size_t at, std::size_t size) const;

 private:
  struct Entry {
    std::uint64_t type = 0;
    std::size_t size = 0;  // bytes of a value
    std::uint64_t count = 0;
    std::size_t at = 0;
  };

  std::string_view bytes_;
  bool valid_ = false;
  bool whole_ = false;
  bool big_endian_ = false;
  std::map<std::uint16_t, Entry> entries_;
};

}  // namespace eyechart::data
