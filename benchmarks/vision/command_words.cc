#include "benchmarks/vision/command_words.h"

#include "core/error.h"

namespace eyechart::benchmarks {

std::vector<std::string> CommandWords(std::string_view command) {
  std::vector<std::string> words;
  bool inside = false;  // a word, possibly an empty one in quotes
  char quote = '\0';
  for (std::size_t i = 0; i < command.size(); ++i) {
    const char c = command[i];
    if (quote == '\0' && (c == ' ' || c == '\t' || c == '\n')) {
      inside = false;
      continue;
    }
    if (!inside) {
      words.emplace_back();
      inside = true;
    }
    if (quote != '\0' && c == quote) {
      quote = '\0';
    } else if (quote == '\0' && (c == '\'' || c == '"')) {
      quote = c;
    } else if (c == '\\' && quote != '\'') {
      EYECHART_REQUIRE(i + 1 < command.size(),
                       "command \"{}\": it ends with a backslash", command);
      const char next = command[i + 1];
      // Between double quotes other backslashes stand for themselves.
      if (quote == '"' && next != '"' && next != '\\') {
        words.back() += c;
      } else {
        words.back() += next;
        ++i;
      }
    } else {
      words.back() += c;
    }
  }
  EYECHART_REQUIRE(quote == '\0', "command \"{}\": a {} is not closed", command,
                   quote == '"' ? "double quote" : "single quote");
  EYECHART_REQUIRE(!words.empty() && !words.front().empty(),
                   "command \"{}\": it names no program", command);
  return words;
}

}  // namespace eyechart::benchmarks
