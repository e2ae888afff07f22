#include "encoders/added_tokens.h"

#include <algorithm>

namespace eyechart::encoders {
namespace {

bool IsWhole(std::u32string_view text, std::size_t begin, std::size_t end) {
  return (begin == 0 || !IsWordCharacter(text[begin - 1])) &&
         (end == text.size() || !IsWordCharacter(text[end]));
}

}  // namespace

std::vector<TextPiece> CutAtTokens(std::u32string_view text,
                                   const std::vector<WantedToken>& wanted,
                                   bool (*is_space)(char32_t)) {
  std::vector<TextPiece> pieces;
  std::size_t done = 0;
  for (std::size_t i = 0; i < text.size();) {
    const WantedToken* found = nullptr;
    std::size_t longest = 0;  // an empty text would be found without an end
    for (const WantedToken& candidate : wanted)
      if (candidate.text.size() > longest &&
          text.substr(i).starts_with(candidate.text)) {
        found = &candidate;
        longest = candidate.text.size();
      }
    if (found == nullptr) {
      ++i;
      continue;
    }
    std::size_t begin = i;
    std::size_t end = i + found->text.size();
    i = end;
    if (found->token.single_word && !IsWhole(text, begin, end)) continue;
    if (found->token.left_strip)
      while (begin > done && is_space(text[begin - 1])) --begin;
    if (found->token.right_strip)
      while (end < text.size() && is_space(text[end])) ++end;
    if (begin > done)
      pieces.push_back({text.substr(done, begin - done), nullptr});
    pieces.push_back({text.substr(begin, end - begin), &found->token});
    done = end;
    i = std::max(i, end);
  }
  if (done < text.size()) pieces.push_back({text.substr(done), nullptr});
  return pieces;
}

}  // namespace eyechart::encoders
