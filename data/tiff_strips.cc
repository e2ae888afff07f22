#include "data/tiff_strips.h"

#include <algorithm>
#include <string>

#include "data/bytes.h"
#include "data/inflate.h"

namespace eyechart::data::internal {
namespace {

// Source: TIFF 6.0, section 9.
bool DecodePackBits(std::string_view block, std::vector<std::uint8_t>& out) {
  std::size_t done = 0;
  std::size_t at = 0;
  while (done < out.size() && at < block.size()) {
    const int control = static_cast<std::int8_t>(block[at++]);
    if (control == -128) continue;
    const std::size_t want = control >= 0 ? control + 1 : 1 - control;
    const std::size_t room = std::min(want, out.size() - done);
    if (control >= 0) {
      if (at + room > block.size()) return false;
      std::copy_n(block.data() + at, room, out.data() + done);
      at += want;
    } else {
      if (at >= block.size()) return false;
      std::fill_n(out.data() + done, room, ByteAt(block, at));
      ++at;
    }
    done += room;
  }
  return done == out.size();
}

// Source: TIFF 6.0, section 13: codes of 9 to 12 bits, highest bit first, the
// width growing one code early.
class LzwDecoder {
 public:
  explicit LzwDecoder(std::string_view block) : block_(block) {
    for (int i = 0; i < 256; ++i) entries_[i] = {0, 1, Low(i), Low(i)};
  }

  bool Decode(std::vector<std::uint8_t>& out) {
    std::size_t done = 0;
    int previous = -1;
    while (done < out.size()) {
      const int code = NextCode();
      if (code < 0 || code == kEnd) return false;
      if (code == kClear) {
        next_ = kFirst;
        bits_ = 9;
        previous = -1;
        continue;
      }
      // A code may be the one being defined: the previous text and its first
      // byte again.
      if (code > next_ || (code == next_ && previous < 0)) return false;
      if (previous >= 0 && next_ < kCodes) {
        const Entry& before = entries_[previous];
        const std::uint8_t last =
            code == next_ ? before.first : entries_[code].first;
        entries_[next_] = {previous, before.length + 1, before.first, last};
        ++next_;
        if (next_ >= (1 << bits_) - 1 && bits_ < 12) ++bits_;
      } else if (code >= next_) {
        return false;
      }
      done = Write(code, done, out);
      previous = code;
    }
    return true;
  }

 private:
  static constexpr int kClear = 256;
  static constexpr int kEnd = 257;
  static constexpr int kFirst = 258;
  static constexpr int kCodes = 4096;

  struct Entry {
    int before = 0;
    std::size_t length = 0;
    std::uint8_t first = 0;
    std::uint8_t last = 0;
  };

  static std::uint8_t Low(int value) {
    return static_cast<std::uint8_t>(value);
  }

  int NextCode() {
    while (held_ < bits_) {
      if (at_ >= block_.size()) return -1;
      buffer_ = buffer_ << 8 | ByteAt(block_, at_++);
      held_ += 8;
    }
    held_ -= bits_;
    return static_cast<int>(buffer_ >> held_ & ((1U << bits_) - 1));
  }

  std::size_t Write(int code,
                    std::size_t done,
                    std::vector<std::uint8_t>& out) const {
    const std::size_t length = entries_[code].length;
    for (std::size_t i = length; i-- > 0; code = entries_[code].before)
      if (done + i < out.size()) out[done + i] = entries_[code].last;
    return std::min(done + length, out.size());
  }

  std::string_view block_;
  Entry entries_[kCodes];
  std::size_t at_ = 0;
  std::uint32_t buffer_ = 0;
  int held_ = 0;
  int bits_ = 9;
  int next_ = kFirst;
};

std::string ReverseBits(std::string_view block) {
  std::string out(block);
  for (char& c : out) {
    unsigned value = static_cast<unsigned char>(c);
    unsigned reversed = 0;
    for (int i = 0; i < 8; ++i, value >>= 1)
      reversed = reversed << 1 | (value & 1);
    c = static_cast<char>(reversed);
  }
  return out;
}

}  // namespace

bool KnowsTiffCompression(std::uint64_t compression) {
  return compression == kTiffNone || compression == kTiffLzw ||
         compression == kTiffJpeg || compression == kTiffDeflate ||
         compression == kTiffOldDeflate || compression == kTiffPackBits;
}

std::size_t MaxTiffRatio(std::uint64_t compression) {
  switch (compression) {
    case kTiffNone:
      return 1;
    case kTiffLzw:
      return 4096;  // the longest text, for a code of more than a byte
    case kTiffJpeg:
      return 4096;  // flat blocks of 64 samples at a few bits, some chroma
    case kTiffPackBits:
      return 64;  // 128 bytes for two
    default:
      return kMaxInflateRatio;
  }
}

bool DecodeTiffBlock(std::uint64_t compression,
                     bool reversed,
                     std::string_view block,
                     std::vector<std::uint8_t>& out) {
  std::string turned;
  if (reversed) {
    turned = ReverseBits(block);
    block = turned;
  }
  switch (compression) {
    case kTiffNone:
      if (block.size() < out.size()) return false;
      std::copy_n(block.data(), out.size(), out.data());
      return true;
    case kTiffLzw:
      return LzwDecoder(block).Decode(out);
    case kTiffPackBits:
      return DecodePackBits(block, out);
    default: {
      Inflater inflater(block);
      return inflater.Read(out.data(), out.size()) == out.size();
    }
  }
}

}  // namespace eyechart::data::internal
