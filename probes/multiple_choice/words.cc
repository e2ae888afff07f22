#include "probes/multiple_choice/words.h"

#include <array>
#include <utility>

namespace eyechart::multiple_choice {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

bool IsWordByte(char c) {
  return IsDigit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         static_cast<unsigned char>(c) > 127;
}

char Lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// Whether the byte at `i`, no word byte itself, belongs to the word around it.
bool Joins(std::string_view text, std::size_t i) {
  if (i == 0 || i + 1 >= text.size()) return false;
  const char before = text[i - 1];
  const char after = text[i + 1];
  if (text[i] == '.' || text[i] == ':' || text[i] == ',')
    return IsDigit(before) && IsDigit(after);
  if (text[i] == '\'')
    return IsWordByte(before) && IsWordByte(after) && !IsDigit(after);
  return false;
}

}  // namespace

std::vector<Word> Words(std::string_view text) {
  std::vector<Word> words;
  std::size_t i = 0;
  while (i < text.size()) {
    const bool sign = text[i] == '-' && i + 1 < text.size() &&
                      IsDigit(text[i + 1]) &&
                      (i == 0 || !IsWordByte(text[i - 1]));
    if (!sign && !IsWordByte(text[i])) {
      ++i;
      continue;
    }
    Word word;
    word.begin = i;
    word.text = Lower(text[i++]);
    while (i < text.size() && (IsWordByte(text[i]) || Joins(text, i)))
      word.text += Lower(text[i++]);
    word.end = i;
    words.push_back(std::move(word));
  }
  return words;
}

std::string PlainPunctuation(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, char>, 12> kPlain = {{
      {"\u2018", '\''},
      {"\u2019", '\''},
      {"\u201c", '"'},
      {"\u201d", '"'},
      {"\uff08", '('},
      {"\uff09", ')'},
      {"\u3010", '['},
      {"\u3011", ']'},
      {"\uff1a", ':'},
      {"\uff0e", '.'},
      {"\u2212", '-'},
      {"\u00a0", ' '},
  }};
  std::string plain;
  while (!text.empty()) {
    std::size_t used = 1;
    char c = text.front();
    for (const auto& [fancy, ascii] : kPlain) {
      if (!text.starts_with(fancy)) continue;
      used = fancy.size();
      c = ascii;
    }
    plain += c;
    text.remove_prefix(used);
  }
  return plain;
}

std::string PlainName(std::string_view name) {
  std::string plain;
  for (const char c : Trimmed(name))
    plain += c == '_' || c == '-' ? ' ' : Lower(c);
  return plain;
}

std::string_view Trimmed(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n\v\f";
  const std::size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

}  // namespace eyechart::multiple_choice
