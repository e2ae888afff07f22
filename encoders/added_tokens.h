// Tokens that are found in a text before anything else is done to it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "encoders/clip_text_rules.h"

namespace eyechart::encoders {

/// A token that is found in the text itself, before anything else.
struct AddedToken {
  std::string content;  // UTF-8
  std::int64_t id = 0;
  bool single_word = false;  // not inside a word
  bool left_strip = false;   // takes the white space before it
  bool right_strip = false;  // and after it
  bool normalized = false;   // is looked for in the normalised text
  bool special = false;      // marks something; no part of what is said
};

/// An added token as it is looked for.
struct WantedToken {
  std::u32string text;
  AddedToken token;
};

/// A stretch of a text: an added token, or what stands between two.
struct TextPiece {
  std::u32string_view text;
  const AddedToken* token;  // null: text between tokens
};

/// Cuts `text` at the leftmost tokens, taking the longest of those that begin
/// at one place; one without text is never found. White space next to a
/// stripping token goes with it. The result points into both arguments. Source:
/// the added vocabulary of Hugging Face tokenizers.
std::vector<TextPiece> CutAtTokens(std::u32string_view text,
                                   const std::vector<WantedToken>& wanted,
                                   bool (*is_space)(char32_t) = &IsWhiteSpace);

}  // namespace eyechart::encoders
