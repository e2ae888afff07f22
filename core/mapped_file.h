// A file mapped read-only into memory.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>

namespace eyechart {

/// Read-only memory map of a whole file; unmapped on destruction. Throws
/// InputError if the file cannot be opened.
class MappedFile {
 public:
  explicit MappedFile(const std::filesystem::path& path);
  ~MappedFile();
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;

  std::span<const std::byte> bytes() const { return {data_, size_}; }
  /// Lets go of the memory that holds `part` of the map, whole pages within it
  /// alone; a later read fetches them again. A hint: it never fails, and does
  /// nothing for memory outside the map.
  void Release(std::span<const std::byte> part) const;
  std::size_t size() const { return size_; }

 private:
  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace eyechart
