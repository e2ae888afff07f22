// Words of a text, for comparing answers and names.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace eyechart::multiple_choice {

struct Word {
  std::string text;       // ASCII letters in lower case
  std::size_t begin = 0;  // bytes in the text
  std::size_t end = 0;
};

/// Runs of ASCII letters, digits and bytes above 127. '.', ':' and ',' between
/// digits, a '-' before a number and an apostrophe between letters belong to
/// the word: "3:45", "-2.5" and "don't" are one.
std::vector<Word> Words(std::string_view text);

/// Typographic quotes and full-width brackets, colons and stops as ASCII.
std::string PlainPunctuation(std::string_view text);

/// A name with case, blanks, underscores and hyphens made alike:
/// "Camera_Perspective" and "camera perspective" give one text.
std::string PlainName(std::string_view name);

/// Without blanks at both ends.
std::string_view Trimmed(std::string_view text);

}  // namespace eyechart::multiple_choice
