#include "mining/journal_record.h"

#include <algorithm>
#include <cstring>

#include "core/hash.h"

namespace eyechart::mining {
namespace {

constexpr std::size_t kRecordDigest = 64;

void PutBytes(std::string& out, const void* value, std::size_t size) {
  out.append(static_cast<const char*>(value), size);
}

template <typename T>
void PutBytes(std::string& out, T value) {
  PutBytes(out, &value, sizeof(value));
}

template <typename T>
bool TakeBytes(std::string_view& in, T& value) {
  if (in.size() < sizeof(T)) return false;
  std::memcpy(&value, in.data(), sizeof(T));
  in.remove_prefix(sizeof(T));
  return true;
}

// Places and values of what is not zero.
void PutSparse(std::string& out, const std::vector<std::int64_t>& values) {
  PutBytes<std::int64_t>(out, static_cast<std::int64_t>(values.size()) -
                                  std::count(values.begin(), values.end(), 0));
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (values[i] == 0) continue;
    PutBytes<std::uint64_t>(out, i);
    PutBytes(out, values[i]);
  }
}

bool TakeSparse(std::string_view& in, std::vector<std::int64_t>& values) {
  std::int64_t count = 0;
  if (!TakeBytes(in, count)) return false;
  for (std::int64_t k = 0; k < count; ++k) {
    std::uint64_t place = 0;
    std::int64_t value = 0;
    if (!TakeBytes(in, place) || !TakeBytes(in, value) ||
        place >= values.size())
      return false;
    values[place] = value;
  }
  return true;
}

template <typename Pair>
void PutPairs(std::string& out, const std::vector<Pair>& pairs) {
  PutBytes(out, static_cast<std::int64_t>(pairs.size()));
  for (const Pair& pair : pairs) {
    PutBytes(out, pair.row_a);
    PutBytes(out, pair.row_b);
    PutBytes(out, pair.near_cosine);
    PutBytes(out, pair.far_cosine);
  }
}

template <typename Pair>
bool TakePairs(std::string_view& in,
               std::size_t rows,
               std::vector<Pair>& pairs) {
  std::int64_t count = 0;
  if (!TakeBytes(in, count)) return false;
  const auto is_row = [&](std::int64_t row) {
    return row >= 0 && static_cast<std::size_t>(row) < rows;
  };
  for (std::int64_t k = 0; k < count; ++k) {
    Pair pair;
    if (!TakeBytes(in, pair.row_a) || !TakeBytes(in, pair.row_b) ||
        !TakeBytes(in, pair.near_cosine) || !TakeBytes(in, pair.far_cosine) ||
        !is_row(pair.row_a) || !is_row(pair.row_b))
      return false;
    pairs.push_back(pair);
  }
  return true;
}

bool Decode(std::string_view in, JournalRecord& record) {
  Findings& found = record.found;
  const std::size_t rows = found.near_counts.size();
  std::int64_t units = 0;
  if (!TakeBytes(in, units)) return false;
  for (std::int64_t k = 0; k < units; ++k) {
    std::int64_t unit = 0;
    if (!TakeBytes(in, unit)) return false;
    record.units.push_back(unit);
  }
  return TakeBytes(in, found.near_pairs) && TakePairs(in, rows, found.blind) &&
         TakePairs(in, rows, found.similar) &&
         TakeSparse(in, found.near_counts) &&
         TakeSparse(in, found.blind_counts) && TakeSparse(in, found.grid) &&
         in.empty();
}

}  // namespace

std::string EncodeRecord(const JournalRecord& record) {
  const Findings& found = record.found;
  std::string content;
  PutBytes(content, static_cast<std::int64_t>(record.units.size()));
  for (const std::int64_t unit : record.units) PutBytes(content, unit);
  PutBytes(content, found.near_pairs);
  PutPairs(content, found.blind);
  PutPairs(content, found.similar);
  PutSparse(content, found.near_counts);
  PutSparse(content, found.blind_counts);
  PutSparse(content, found.grid);
  std::string bytes;
  PutBytes(bytes, static_cast<std::uint64_t>(content.size()));
  return bytes + Sha256Hex(content) + content;
}

bool TakeRecord(std::string_view& bytes, JournalRecord& record) {
  std::string_view rest = bytes;
  std::uint64_t size = 0;
  if (!TakeBytes(rest, size) || rest.size() < kRecordDigest ||
      rest.size() - kRecordDigest < size)
    return false;
  const std::string_view digest = rest.substr(0, kRecordDigest);
  const std::string_view content = rest.substr(kRecordDigest, size);
  if (Sha256Hex(content) != digest || !Decode(content, record)) return false;
  bytes = rest.substr(kRecordDigest + size);
  return true;
}

}  // namespace eyechart::mining
