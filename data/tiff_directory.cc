#include "data/tiff_directory.h"

#include <algorithm>

#include "data/bytes.h"

namespace eyechart::data {
namespace {

constexpr std::uint64_t kByte = 1;
constexpr std::uint64_t kUndefined = 7;

// Bytes of a value of a field type, 0 for types without whole numbers. Source:
// TIFF 6.0, section 2, and the BigTIFF additions.
std::size_t TypeSize(std::uint64_t type) {
  switch (type) {
    case kByte:
    case kUndefined:
    case 6:  // SBYTE
      return 1;
    case 3:  // SHORT
    case 8:  // SSHORT
      return 2;
    case 4:   // LONG
    case 9:   // SLONG
    case 13:  // IFD
      return 4;
    case 16:  // LONG8
    case 17:  // SLONG8
    case 18:  // IFD8
      return 8;
    default:
      return 0;
  }
}

}  // namespace

std::uint64_t TiffDirectory::Number(std::size_t at, std::size_t size) const {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < size; ++i) {
    const std::size_t place = big_endian_ ? i : size - 1 - i;
    value = value << 8 | ByteAt(bytes_, at + place);
  }
  return value;
}

TiffDirectory::TiffDirectory(std::string_view bytes) : bytes_(bytes) {
  big_endian_ = bytes.starts_with("MM");
  if (!big_endian_ && !bytes.starts_with("II")) return;
  const std::uint64_t magic = Number(2, 2);
  const bool big = magic == 43;
  if (!big && magic != 42) return;
  valid_ = true;
  const std::size_t entry_bytes = big ? 20 : 12;
  const std::size_t word = big ? 8 : 4;
  const std::uint64_t start = Number(big ? 8 : 4, word);
  if (start >= bytes.size()) return;
  const std::uint64_t count = Number(start, big ? 8 : 2);
  std::size_t at = start + (big ? 8 : 2);
  for (std::uint64_t i = 0; i < count; ++i, at += entry_bytes) {
    if (at + entry_bytes > bytes.size()) return;
    Entry entry;
    entry.type = Number(at + 2, 2);
    entry.size = TypeSize(entry.type);
    entry.count = Number(at + 4, word);
    if (entry.size == 0 || entry.count > bytes.size() / entry.size) continue;
    const std::size_t length = entry.size * entry.count;
    entry.at = at + 4 + word;
    if (length > word) {
      const std::uint64_t offset = Number(entry.at, word);
      if (offset > bytes.size() || length > bytes.size() - offset) continue;
      entry.at = offset;
    }
    entries_[static_cast<std::uint16_t>(Number(at, 2))] = entry;
  }
  whole_ = true;
}

std::vector<std::uint64_t> TiffDirectory::Values(std::uint16_t tag,
                                                 std::size_t limit) const {
  std::vector<std::uint64_t> values;
  const auto found = entries_.find(tag);
  if (found == entries_.end()) return values;
  const Entry& entry = found->second;
  values.resize(std::min<std::uint64_t>(entry.count, limit));
  for (std::size_t i = 0; i < values.size(); ++i)
    values[i] = Number(entry.at + i * entry.size, entry.size);
  return values;
}

std::string_view TiffDirectory::Bytes(std::uint16_t tag) const {
  const auto found = entries_.find(tag);
  if (found == entries_.end() || found->second.size != 1) return {};
  return Slice(bytes_, found->second.at, found->second.count);
}

std::uint64_t TiffDirectory::Value(std::uint16_t tag,
                                   std::uint64_t fallback) const {
  const auto found = entries_.find(tag);
  if (found == entries_.end() || found->second.count != 1 ||
      found->second.type == kByte || found->second.type == kUndefined)
    return fallback;
  return Number(found->second.at, found->second.size);
}

}  // namespace eyechart::data
