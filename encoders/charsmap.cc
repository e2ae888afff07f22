#include "encoders/charsmap.h"

#include <unicode/brkiter.h>
#include <unicode/unistr.h>
#include <unicode/utf16.h>

#include <memory>

#include "core/error.h"
#include "encoders/clip_text_rules.h"

namespace eyechart::encoders {
namespace {

// The parts of one cell of the double array. Source: Darts-clone.
std::uint32_t Offset(std::uint32_t unit) {
  return (unit >> 10) << ((unit & (1U << 9)) >> 6);
}
std::uint32_t Label(std::uint32_t unit) { return unit & ((1U << 31) | 0xFFU); }
bool HasLeaf(std::uint32_t unit) { return ((unit >> 8) & 1U) != 0; }
std::uint32_t Value(std::uint32_t unit) { return unit & ((1U << 31) - 1); }

std::uint32_t LittleEndian(std::string_view bytes) {
  std::uint32_t value = 0;
  for (std::size_t i = 4; i-- > 0;)
    value = value << 8 | static_cast<unsigned char>(bytes[i]);
  return value;
}

}  // namespace

Charsmap::Charsmap(const std::string& bytes, const std::string& source) {
  const std::string_view view(bytes);
  const auto require = [&source](bool condition) {
    EYECHART_REQUIRE(condition,
                     "{}: \"precompiled_charsmap\" is not a table of character "
                     "replacements, or it is damaged",
                     source);
  };
  require(view.size() > 4);
  const std::size_t length = LittleEndian(view);
  require(length >= 4 && length % 4 == 0 && length < view.size() - 4);
  for (std::size_t i = 0; i < length; i += 4)
    trie_.push_back(LittleEndian(view.substr(4 + i, 4)));
  texts_ = view.substr(4 + length);
  require(texts_.back() == '\0');
  require(IsSafe());
}

// Whether no text leads outside the table: libsentencepiece walks it unchecked.
bool Charsmap::IsSafe() const {
  std::vector<bool> seen(trie_.size());
  std::vector<std::size_t> nodes = {Offset(trie_[0])};
  while (!nodes.empty()) {
    const std::size_t node = nodes.back();
    nodes.pop_back();
    if ((node | 0xFF) >= trie_.size()) return false;
    if (seen[node]) continue;
    seen[node] = true;
    for (std::uint32_t byte = 1; byte <= 0xFF; ++byte) {
      const std::uint32_t unit = trie_[node ^ byte];
      if (Label(unit) != byte) continue;
      const std::size_t next = node ^ byte ^ Offset(unit);
      if (HasLeaf(unit) &&
          (next >= trie_.size() || Value(trie_[next]) >= texts_.size()))
        return false;
      nodes.push_back(next);
    }
  }
  return true;
}

std::optional<std::string_view> Charsmap::Replacement(
    std::string_view text) const {
  std::size_t node = Offset(trie_[0]);
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte == 0) break;
    node ^= byte;
    const std::uint32_t unit = trie_[node];
    if (Label(unit) != byte) break;
    node ^= Offset(unit);
    if (!HasLeaf(unit)) continue;
    return std::string_view(texts_.data() + Value(trie_[node]));
  }
  return std::nullopt;
}

std::string Charsmap::Normalize(const std::string& text) const {
  constexpr std::size_t kWholeClusterBytes = 6;
  UErrorCode status = U_ZERO_ERROR;
  const std::unique_ptr<icu::BreakIterator> clusters(
      icu::BreakIterator::createCharacterInstance(icu::Locale::getRoot(),
                                                  status));
  EYECHART_CHECK(U_SUCCESS(status), "ICU has no grapheme clusters");
  const icu::UnicodeString units = icu::UnicodeString::fromUTF8(text);
  clusters->setText(units);
  std::string result;
  const auto append = [&](const icu::UnicodeString& part, bool only_if_found) {
    std::string utf8;
    part.toUTF8String(utf8);
    const auto replacement = Replacement(utf8);
    if (!replacement && only_if_found) return false;
    result += replacement ? *replacement : std::string_view(utf8);
    return true;
  };
  std::int32_t begin = clusters->first();
  for (std::int32_t end = clusters->next(); end != icu::BreakIterator::DONE;
       begin = end, end = clusters->next()) {
    const icu::UnicodeString cluster = units.tempSubStringBetween(begin, end);
    std::string utf8;
    cluster.toUTF8String(utf8);
    if (utf8.size() < kWholeClusterBytes && append(cluster, true)) continue;
    for (std::int32_t i = 0; i < cluster.length();) {
      const std::int32_t next = cluster.moveIndex32(i, 1);
      append(cluster.tempSubStringBetween(i, next), false);
      i = next;
    }
  }
  return result;
}

}  // namespace eyechart::encoders
