#include "reports/markdown_parts.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <string_view>

#include "reports/visible_text.h"

namespace eyechart::reports {
namespace {

bool IsWordByte(const std::string& text, std::size_t i) {
  return i < text.size() && std::isalnum(static_cast<unsigned char>(text[i]));
}

}  // namespace

std::string EscapeMarkdown(const std::string& raw) {
  const std::string text = VisibleText(raw);
  constexpr std::string_view kSpecial = "\\`*|[]<>~&$";
  std::string escaped;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\n' || c == '\r' || c == '\t') {
      escaped += ' ';
      continue;
    }
    // An underscore inside a word is no emphasis: metric names stay readable.
    const bool bare_underscore =
        c == '_' &&
        !(i > 0 && IsWordByte(text, i - 1) && IsWordByte(text, i + 1));
    if (kSpecial.find(c) != std::string_view::npos || bare_underscore)
      escaped += '\\';
    escaped += c;
  }
  return escaped;
}

std::string TableLine(const std::vector<std::string>& cells) {
  return fmt::format("| {} |\n", fmt::join(cells, " | "));
}

std::string TableHead(const std::vector<std::string>& names,
                      std::size_t first_number) {
  std::vector<std::string> rule;
  for (std::size_t i = 0; i < names.size(); ++i)
    rule.push_back(i < first_number ? "---" : "---:");
  return TableLine(names) + TableLine(rule);
}

std::string CodeBlock(const std::string& raw) {
  const std::string text = VisibleText(raw);
  std::size_t longest = 2;
  std::size_t length = 0;
  for (const char c : text) {
    length = c == '`' ? length + 1 : 0;
    longest = std::max(longest, length);
  }
  const std::string fence(longest + 1, '`');
  return fence + "\n" + text + "\n" + fence + "\n";
}

}  // namespace eyechart::reports
