// Python source as tokens; of the grammar only what FindPythonLists needs.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace eyechart::probes {

/// A part of a string literal.
struct PythonPiece {
  std::string text;
  bool field = false;      // of an f-string: `text` is the expression in {}
  bool formatted = false;  // stands in an f-string
};

struct PythonToken {
  enum class Kind { kName, kString, kOther };
  Kind kind = Kind::kOther;
  std::string_view text;            // as it stands in the source
  std::vector<PythonPiece> pieces;  // of a string, escapes resolved
  std::string problem;              // of a string that cannot be read
  int line = 0;
  int last_line = 0;  // where a triple-quoted string ends

  bool joined = false;  // a backslash joins its line to the one before

  bool Is(std::string_view what) const {
    return kind != Kind::kString && text == what;
  }
};

/// Tokens of `code` without comments and line ends; the views point into it.
/// Operators are single characters. Never throws: what is no Python becomes
/// tokens that no list has a place for.
std::vector<PythonToken> PythonTokens(std::string_view code, int first_line);

}  // namespace eyechart::probes
