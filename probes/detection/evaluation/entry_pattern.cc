#include "probes/detection/evaluation/entry_pattern.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "probes/detection/evaluation/fast_number.h"

namespace eyechart::detection {
namespace {

bool IsJsonBlank(char c) {
  return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

// Walks over one object; `at` never passes the end.
class Walker {
 public:
  explicit Walker(std::string_view text) : text_(text) {}

  std::size_t at() const { return at_; }
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  void SkipBlanks() {
    while (IsJsonBlank(peek())) ++at_;
  }
  bool Take(char c) {
    SkipBlanks();
    if (peek() != c) return false;
    ++at_;
    return true;
  }
  // A key of plain ASCII.
  std::optional<std::string_view> Key() {
    if (!Take('"')) return {};
    const std::size_t begin = at_;
    while (peek() >= ' ' && peek() != '"' && peek() != '\\' && peek() < 0x7f)
      ++at_;
    if (peek() != '"') return {};
    return text_.substr(begin, at_++ - begin);
  }
  bool Number() {
    const std::size_t begin = at_;
    while (peek() != '\0' && std::strchr("+-.eE0123456789", peek()) != nullptr)
      ++at_;
    return at_ > begin;
  }

 private:
  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

EntryPattern::Literal::Literal(std::string_view text)
    : size_(text.size()), words_((text.size() + 7) / 8) {
  std::array<char, kMost> bytes{}, ones{};
  std::copy(text.begin(), text.end(), bytes.begin());
  std::fill_n(ones.begin(), text.size(), static_cast<char>(-1));
  std::memcpy(word_.data(), bytes.data(), kMost);
  std::memcpy(mask_.data(), ones.data(), kMost);
}

bool EntryPattern::Literal::Matches(const char* at) const {
  for (std::size_t i = 0; i < words_; ++i) {
    std::uint64_t word;
    std::memcpy(&word, at + 8 * i, sizeof word);
    if (((word ^ word_[i]) & mask_[i]) != 0) return false;
  }
  return true;
}

EntryPattern::EntryPattern(std::vector<Piece> pieces,
                           Literal end,
                           Literal between)
    : pieces_(std::move(pieces)), end_(end), between_(between) {
  least_ = end_.size() + between_.size();
  for (const Piece& piece : pieces_) least_ += piece.before.size() + 1;
}

std::optional<EntryPattern> EntryPattern::Learn(std::string_view text) {
  Walker walker(text);
  std::vector<Piece> pieces;
  std::size_t done = 0;  // what stands before is in a piece
  const auto slot = [&](Slot kind) {
    walker.SkipBlanks();
    const std::size_t begin = walker.at();
    if (!walker.Number() || begin - done > Literal::kMost) return false;
    pieces.push_back({Literal(text.substr(done, begin - done)), kind});
    done = walker.at();
    return true;
  };
  if (!walker.Take('{')) return {};
  do {
    const std::optional<std::string_view> key = walker.Key();
    if (!key || !walker.Take(':')) return {};
    bool fits = true;
    if (*key == "bbox") {
      fits = walker.Take('[') && slot(Slot::kX) && walker.Take(',') &&
             slot(Slot::kY) && walker.Take(',') && slot(Slot::kWidth) &&
             walker.Take(',') && slot(Slot::kHeight) && walker.Take(']');
    } else {
      fits = slot(*key == "image_id"      ? Slot::kImage
                  : *key == "category_id" ? Slot::kCategory
                  : *key == "score"       ? Slot::kScore
                                          : Slot::kOther);
    }
    if (!fits) return {};
  } while (walker.Take(','));
  if (!walker.Take('}')) return {};
  for (const Slot wanted :
       {Slot::kImage, Slot::kCategory, Slot::kX, Slot::kScore})
    if (std::count_if(pieces.begin(), pieces.end(), [&](const Piece& piece) {
          return piece.slot == wanted;
        }) != 1)
      return {};
  const std::size_t end = walker.at();
  if (!walker.Take(',')) return {};
  walker.SkipBlanks();
  if (walker.peek() != '{' || end - done > Literal::kMost ||
      walker.at() - end > Literal::kMost)
    return {};
  return EntryPattern(std::move(pieces), Literal(text.substr(done, end - done)),
                      Literal(text.substr(end, walker.at() - end)));
}

bool EntryPattern::Read(std::string_view text,
                        std::vector<RawDetection>& entries) const {
  entries.reserve(entries.size() + text.size() / (2 * least_));
  const char* p = text.data();
  const char* const end = text.data() + text.size();
  for (;;) {
    RawDetection entry;
    for (const Piece& piece : pieces_) {
      if (!piece.before.Matches(p)) return false;
      p += piece.before.size();
      double other;
      switch (piece.slot) {
        case Slot::kImage:
          p = ParseJsonInteger(p, entry.image);
          break;
        case Slot::kCategory:
          p = ParseJsonInteger(p, entry.category);
          break;
        case Slot::kX:
          p = ParseJsonNumber(p, entry.x);
          break;
        case Slot::kY:
          p = ParseJsonNumber(p, entry.y);
          break;
        case Slot::kWidth:
          p = ParseJsonNumber(p, entry.width);
          break;
        case Slot::kHeight:
          p = ParseJsonNumber(p, entry.height);
          break;
        case Slot::kScore:
          p = ParseJsonNumber(p, entry.score);
          break;
        case Slot::kOther:
          p = ParseJsonNumber(p, other);
          break;
      }
      // A number may run on into what is behind the text, never past it.
      if (p == nullptr || p >= end) return false;
    }
    if (!end_.Matches(p)) return false;
    p += end_.size();
    if (p > end) return false;
    entries.push_back(entry);
    if (p == end) return true;
    if (!between_.Matches(p)) return false;
    p += between_.size();
    if (p >= end) return false;
  }
}

}  // namespace eyechart::detection
