// Lists of texts in Python source, read without executing anything: what
// people keep their prompts and class names in.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace eyechart::probes {

/// One element of a list: a text, or a list of texts in the list.
struct PythonElement {
  /// The text, or those of the inner list. Of a lambda's f-string the text has
  /// `{}` where the parameter stands.
  std::vector<std::string> texts;
  bool nested = false;
  int line = 0;
};

/// `NAME = [...]` or `NAME = (...)`.
struct PythonList {
  std::string name;
  int line = 0;
  std::vector<PythonElement> elements;  // up to the problem, if there is one
  std::string problem;  // "line N: ..." where it is not made of texts alone
};

/// The lists that statements of `code` assign to a plain name, in their order.
/// Elements are string literals (single, double and triple quotes, escapes,
/// the prefixes r, u, f and their pairs, neighbours joined), `lambda x:` before
/// an f-string whose fields are `{x}`, and lists of strings; comments and
/// trailing commas are passed over. Round brackets around one text are a list
/// of it. Anything else is the list's `problem`, so that a file may hold lists
/// of other things too. Never throws for what `code` says; `first_line` is the
/// number of its first line. Source: the Python 3.12 language reference, 2.4.
std::vector<PythonList> FindPythonLists(std::string_view code,
                                        int first_line = 1);

}  // namespace eyechart::probes
