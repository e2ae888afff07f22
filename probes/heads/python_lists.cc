#include "probes/heads/python_lists.h"

#include <fmt/format.h>

#include <cstddef>
#include <utility>

#include "probes/heads/python_tokens.h"

namespace eyechart::probes {
namespace {

using Kind = PythonToken::Kind;

bool Opens(const PythonToken& token) {
  return token.Is("[") || token.Is("(") || token.Is("{");
}

bool Closes(const PythonToken& token) {
  return token.Is("]") || token.Is(")") || token.Is("}");
}

// Whether `token` follows `before` on one line, as Python counts lines.
bool SameLine(const PythonToken& before, const PythonToken& token) {
  return token.line == before.last_line || token.joined;
}

std::string Shown(const PythonToken& token) {
  constexpr std::size_t kMost = 40;
  return token.text.size() <= kMost
             ? std::string(token.text)
             : std::string(token.text.substr(0, kMost)) + "...";
}

/// Reads the tokens between a list's brackets.
class ListParser {
 public:
  ListParser(const std::vector<PythonToken>& tokens,
             std::size_t at,
             std::size_t end,
             PythonList& list)
      : tokens_(tokens), at_(at), end_(end), list_(list) {}

  void Run() {
    while (at_ < end_ && list_.problem.empty()) {
      PythonElement element;
      element.line = tokens_[at_].line;
      Element(element);
      if (list_.problem.empty() && at_ < end_ && !Take(",")) Unexpected();
      if (list_.problem.empty()) list_.elements.push_back(std::move(element));
    }
  }

 private:
  bool Take(std::string_view what) {
    if (at_ >= end_ || !tokens_[at_].Is(what)) return false;
    ++at_;
    return true;
  }

  void Element(PythonElement& element) {
    if (Take("lambda")) return Lambda(element);
    const bool square = at_ < end_ && tokens_[at_].Is("[");
    if (!square && !(at_ < end_ && tokens_[at_].Is("("))) {
      element.texts.push_back(Text(""));
      return;
    }
    ++at_;
    const char* close = square ? "]" : ")";
    bool comma = false;
    while (list_.problem.empty() && !Take(close)) {
      element.texts.push_back(Text(""));
      if (Take(",")) {
        comma = true;
      } else if (list_.problem.empty() && !Take(close)) {
        return Unexpected();
      } else {
        break;
      }
    }
    // Round brackets make a tuple only with a comma, or of nothing.
    element.nested = square || comma || element.texts.empty();
  }

  void Lambda(PythonElement& element) {
    if (at_ >= end_ || tokens_[at_].kind != Kind::kName) return Unexpected();
    const std::string_view parameter = tokens_[at_++].text;
    if (!Take(":")) return Unexpected();
    const bool round = Take("(");
    element.texts.push_back(Text(parameter));
    if (round && list_.problem.empty() && !Take(")")) Unexpected();
  }

  // One literal or several neighbours, within a lambda of `parameter` or "".
  std::string Text(std::string_view parameter) {
    std::string text;
    if (at_ >= end_ || tokens_[at_].kind != Kind::kString) {
      Unexpected();
      return text;
    }
    for (; at_ < end_ && tokens_[at_].kind == Kind::kString; ++at_) {
      const PythonToken& token = tokens_[at_];
      if (list_.problem.empty()) list_.problem = token.problem;
      for (const PythonPiece& piece : token.pieces) {
        if (!piece.field) {
          // Such a brace stands for itself, where `{}` would be a placeholder.
          if ((piece.formatted || !parameter.empty()) &&
              piece.text.find_first_of("{}") != std::string::npos)
            Problem(token, piece.formatted
                               ? "a doubled brace, which is text"
                               : "braces in a lambda's text without an f, "
                                 "which are text");
          text += piece.text;
        } else if (!parameter.empty() && piece.text == parameter) {
          text += "{}";
        } else {
          Problem(token,
                  fmt::format("{{{}}} would have to be executed", piece.text));
        }
      }
    }
    return text;
  }

  void Problem(const PythonToken& token, std::string_view what) {
    if (list_.problem.empty())
      list_.problem =
          fmt::format("line {}: {}: {}", token.line, Shown(token), what);
  }

  void Unexpected() {
    if (at_ < end_)
      Problem(tokens_[at_],
              "a text, a lambda of an f-string or a list of texts should be "
              "here, and a comma behind it; nothing is executed");
    else if (list_.problem.empty())
      list_.problem =
          fmt::format("line {}: ends within an element", tokens_[end_].line);
  }

  const std::vector<PythonToken>& tokens_;
  std::size_t at_;
  std::size_t end_;  // of the closing bracket
  PythonList& list_;
};

// The bracket that closes the one at `open`, or the number of tokens.
std::size_t ClosingBracket(const std::vector<PythonToken>& tokens,
                           std::size_t open) {
  int depth = 0;
  for (std::size_t i = open; i < tokens.size(); ++i) {
    depth += Opens(tokens[i]) - Closes(tokens[i]);
    if (depth == 0) return i;
  }
  return tokens.size();
}

void ReadList(const std::vector<PythonToken>& tokens,
              std::size_t open,
              std::size_t close,
              PythonList& list) {
  if (close == tokens.size()) {
    list.problem = fmt::format("line {}: '{}' is never closed",
                               tokens[open].line, tokens[open].text);
    return;
  }
  ListParser(tokens, open + 1, close, list).Run();
  const std::size_t after = close + 1;
  if (!list.problem.empty() || after == tokens.size()) return;
  // `[...] + more` or `[...].copy()`: not what stands in the brackets.
  if (SameLine(tokens[close], tokens[after]) && !tokens[after].Is(";"))
    list.problem =
        fmt::format("line {}: {} follows the list; nothing is executed",
                    tokens[after].line, Shown(tokens[after]));
}

}  // namespace

std::vector<PythonList> FindPythonLists(std::string_view code, int first_line) {
  const std::vector<PythonToken> tokens = PythonTokens(code, first_line);
  std::vector<PythonList> lists;
  std::size_t start = 0;  // of the statement
  int depth = 0;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (depth == 0 && i > 0 &&
        (!SameLine(tokens[i - 1], tokens[i]) || tokens[i - 1].Is(";")))
      start = i;
    if (Opens(tokens[i])) ++depth;
    if (Closes(tokens[i]) && depth > 0) --depth;
    if (depth > 0 || !tokens[i].Is("=") || i == start ||
        i + 1 == tokens.size() || tokens[start].kind != Kind::kName)
      continue;
    if (!tokens[i + 1].Is("[") && !tokens[i + 1].Is("(")) continue;
    const PythonToken& second = tokens[start + 1];
    // `NAME =`, `NAME: type =`, and `NAME +=`, which must not go unseen.
    if (!second.Is("=") && !second.Is(":") && !second.Is("+")) continue;
    if (tokens[i - 1].Is("=")) continue;  // a comparison
    PythonList list;
    list.name = tokens[start].text;
    list.line = tokens[start].line;
    const std::size_t close = ClosingBracket(tokens, i + 1);
    if (second.Is("+"))
      list.problem = fmt::format("line {}: += changes {}; nothing is executed",
                                 second.line, list.name);
    else
      ReadList(tokens, i + 1, close, list);
    lists.push_back(std::move(list));
    if (close == tokens.size()) break;
    i = close;
  }
  return lists;
}

}  // namespace eyechart::probes
