// A results file, cut into parts that threads read side by side.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "probes/detection/evaluation/boxes.h"
#include "probes/detection/evaluation/entry_pattern.h"

namespace eyechart::detection {

/// Bytes of a part: small enough for a cache, large enough to be worth it.
inline constexpr std::size_t kPartBytes = 512 << 10;

/// A file or a text, read from any place by any thread. Throws InputError where
/// it is no regular file or cannot be read.
class ByteSource {
 public:
  explicit ByteSource(const std::filesystem::path& path);
  ByteSource(const char* text, std::size_t size) : text_(text), size_(size) {}
  ~ByteSource();
  ByteSource(const ByteSource&) = delete;
  ByteSource& operator=(const ByteSource&) = delete;

  std::size_t size() const { return size_; }
  void Read(std::size_t offset, std::size_t n, char* to) const;

 private:
  std::string name_;
  int file_ = -1;
  const char* text_ = nullptr;
  std::size_t size_ = 0;
};

/// Reads one part after another; a thread has one of these.
class PartReader {
 public:
  PartReader();
  ~PartReader();
  PartReader(PartReader&&) noexcept;

  /// Appends the entries that begin in part `part` and behind its first seam,
  /// where an object ends and the next begins. That this may be inside of a
  /// text or a deeper list does no harm: then the part before cannot be read as
  /// whole entries, and all parts being read is what makes the result right.
  /// False where it cannot be read; the file is then to be read as a whole.
  bool Read(const ByteSource& source,
            std::size_t part,
            std::vector<RawDetection>& entries);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// The whole of `json`, one entry after another, through simdjson; texts as
/// image ids are allowed, a UTF-8 byte order mark is skipped, here and in the
/// first part. Throws InputError naming the entry; of a file that is cut or has
/// more behind its end, the byte.
std::vector<RawDetection> ReadWhole(const ByteSource& source,
                                    const std::string& name,
                                    IdTexts& texts);

}  // namespace eyechart::detection
