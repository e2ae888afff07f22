#include "data/inflate.h"

#include <algorithm>
#include <array>

#include "core/error.h"

namespace eyechart::data {

Inflater::Inflater(std::string_view bytes) : rest_(bytes) {
  // 32 on top of the window bits: zlib or gzip, by the header.
  EYECHART_CHECK(inflateInit2(&stream_, MAX_WBITS + 32) == Z_OK,
                 "inflateInit2 failed");
}

Inflater::~Inflater() { inflateEnd(&stream_); }

std::size_t Inflater::Read(void* out, std::size_t size) {
  constexpr std::size_t kPiece = std::size_t{1}
                                 << 30;  // zlib counts in 32 bits
  std::size_t got = 0;
  while (got < size && !done_) {
    if (stream_.avail_in == 0 && !rest_.empty()) {
      const std::size_t piece = std::min(rest_.size(), kPiece);
      // zlib's pointer is not const; it does not write there.
      stream_.next_in =
          reinterpret_cast<Bytef*>(const_cast<char*>(rest_.data()));
      stream_.avail_in = static_cast<uInt>(piece);
      rest_.remove_prefix(piece);
    }
    const std::size_t room = std::min(size - got, kPiece);
    stream_.next_out = static_cast<Bytef*>(out) + got;
    stream_.avail_out = static_cast<uInt>(room);
    const int status = inflate(&stream_, Z_NO_FLUSH);
    got += room - stream_.avail_out;
    if (status == Z_OK) continue;
    // Z_BUF_ERROR: nothing to read and nothing more to write.
    done_ = true;
    damaged_ = status != Z_STREAM_END && status != Z_BUF_ERROR;
  }
  return got;
}

std::string InflateSome(std::string_view bytes, std::size_t limit) {
  Inflater inflater(bytes);
  std::string out;
  std::array<char, 1 << 16> block;
  while (out.size() < limit) {
    const std::size_t want = std::min(block.size(), limit - out.size());
    const std::size_t got = inflater.Read(block.data(), want);
    out.append(block.data(), got);
    if (got < want) break;
  }
  return out;
}

}  // namespace eyechart::data
