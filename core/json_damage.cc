#include "core/json_damage.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <vector>

#include "core/text.h"

namespace eyechart {
namespace {

constexpr std::size_t kMostOpen = 1024;  // what simdjson reads at most

// How a file begins that is no text at all.
struct Signature {
  std::string_view bytes;
  std::string_view told;
};
constexpr Signature kSignatures[] = {
    {"\x1F\x8B", "is gzip: unpack it first"},
    {"PK\x03\x04", "is a zip file: unpack it first"},
    {"\x28\xB5\x2F\xFD", "is zstd: unpack it first"},
    {std::string_view("\xFF\xFE\0\0", 4), "is UTF-32: should be UTF-8"},
    {std::string_view("\0\0\xFE\xFF", 4), "is UTF-32: should be UTF-8"},
    {"\xFF\xFE", "is UTF-16: should be UTF-8"},
    {"\xFE\xFF", "is UTF-16: should be UTF-8"},
};

bool IsJsonBlank(char c) {
  return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

// "byte 12 (line 2)" of the byte at `at`.
std::string PlaceOf(std::string_view text, std::size_t at) {
  const std::string_view before = text.substr(0, at);
  return fmt::format("byte {} (line {})", at + 1,
                     std::count(before.begin(), before.end(), '\n') + 1);
}

std::string CutIn(std::string_view text, const std::string& where) {
  return fmt::format("it ends after {}, {}: it seems cut",
                     PlaceOf(text, text.size() - 1), where);
}

// The byte behind the text in quotes that begins at `at`; npos: it has no end.
std::size_t BehindQuotes(std::string_view text, std::size_t at) {
  for (++at; at < text.size(); ++at) {
    if (text[at] == '\\')
      ++at;
    else if (text[at] == '"')
      return at + 1;
  }
  return std::string_view::npos;
}

}  // namespace

std::string JsonDamage(std::string_view text) {
  if (text.empty()) return "it is empty (0 bytes)";
  for (const Signature& one : kSignatures)
    if (text.starts_with(one.bytes)) return fmt::format("it {}", one.told);
  // Without a mark UTF-16 shows in that half of its bytes are 0.
  if (text.size() > 1 && (text[0] == '\0') != (text[1] == '\0'))
    return "it is UTF-16: should be UTF-8";
  std::size_t at = text.starts_with(kUtf8Mark) ? kUtf8Mark.size() : 0;
  while (at < text.size() && IsJsonBlank(text[at])) ++at;
  if (at == text.size())
    return fmt::format("it holds nothing but blanks ({} bytes)", text.size());
  std::vector<std::size_t> open;  // brackets, outermost first
  do {
    const char c = text[at];
    if (c == '"') {
      const std::size_t behind = BehindQuotes(text, at);
      if (behind == std::string_view::npos)
        return CutIn(text,
                     "inside of a text that begins at " + PlaceOf(text, at));
      at = behind;
      continue;
    }
    if (c == '[' || c == '{') {
      if (open.size() == kMostOpen) return "";
      open.push_back(at);
    } else if (c == ']' || c == '}') {
      if (open.empty())
        return fmt::format("the {} at {} closes nothing", c, PlaceOf(text, at));
      if (text[open.back()] != (c == ']' ? '[' : '{'))
        return fmt::format("the {} at {} meets the {} of {}", c,
                           PlaceOf(text, at), text[open.back()],
                           PlaceOf(text, open.back()));
      open.pop_back();
    } else if (open.empty()) {
      return "";  // a number or a word, if anything: the parser's to tell
    }
    ++at;
  } while (!open.empty() && at < text.size());
  if (!open.empty())
    return CutIn(text,
                 fmt::format("with {} bracket{} open, the last {} of {}",
                             open.size(), open.size() == 1 ? "" : "s",
                             text[open.back()], PlaceOf(text, open.back())));
  while (at < text.size() && IsJsonBlank(text[at])) ++at;
  return at == text.size()
             ? ""
             : "there is more behind its end, from " + PlaceOf(text, at);
}

}  // namespace eyechart
