// Which option a free text names: strict, and silent rather than wrong.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace eyechart::multiple_choice {

/// How options are marked where they are put to a system: (a) (b), or (1) (2).
enum class Notation { kLetters, kNumbers };

/// "letters" or "numbers"; ParseNotation throws InputError for another text.
std::string_view NotationName(Notation notation);
Notation ParseNotation(const std::string& name);

/// What a text says. No option: none is named, or several (`several`).
struct ParsedAnswer {
  std::optional<int> option;  // from 0
  bool several = false;
};

/// Reads `text` as the answer to a question with `options`.
///
/// A mark (a letter in either case, or a number) counts in brackets; before
/// `)`, `.` or `:`; alone; and after "answer" or "option", words such as "is"
/// and "the" between. Marks beyond the last option are none. "a" and numbers
/// before a noun are no marks ("the answer is a dog"). Where no mark counts,
/// options count whose text stands in the answer as whole words, whatever the
/// case; a text within a longer option's text ("red" in "dark red") does not,
/// and an option that is an article counts only as the whole answer.
/// One option named, however often, is the answer; none or more is an
/// abstention.
ParsedAnswer ParseOption(std::string_view text,
                         const std::vector<std::string>& options,
                         Notation notation = Notation::kLetters);

}  // namespace eyechart::multiple_choice
