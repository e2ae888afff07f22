#include "reports/visible_text.h"

#include <fmt/format.h>

#include "core/json.h"

namespace eyechart::reports {
namespace {

constexpr std::string_view kEllipsis = "\u2026";

bool StartsCharacter(char c) {
  return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
}

}  // namespace

std::string AsUtf8(std::string_view text) {
  // The one place that repairs UTF-8 is the JSON writer's.
  return Json::parse(CanonicalJson(Json(std::string(text)))).get<std::string>();
}

std::string VisibleText(std::string_view text) {
  const std::string whole = AsUtf8(text);
  const auto byte = [&](std::size_t i) {
    return i < whole.size() ? static_cast<unsigned char>(whole[i]) : 0U;
  };
  std::string visible;
  for (std::size_t i = 0; i < whole.size(); ++i) {
    const unsigned c = byte(i);
    const bool blank = c == '\t' || c == '\n' || c == '\r';
    if ((c < 0x20 && !blank) || c == 0x7f) {
      visible += fmt::format("\\u{:04x}", c);
    } else if (c == 0xc2 && byte(i + 1) < 0xa0) {  // U+0080 to U+009F
      visible += fmt::format("\\u{:04x}", byte(++i));
    } else if (c == 0xef && byte(i + 1) == 0xbf && byte(i + 2) >= 0xbe) {
      visible += byte(i + 2) == 0xbe ? "\\ufffe" : "\\uffff";
      i += 2;
    } else {
      visible += whole[i];
    }
  }
  return visible;
}

std::string CutText(std::string_view text, std::size_t bytes) {
  if (text.size() <= bytes) return std::string(text);
  std::size_t end = bytes - kEllipsis.size();
  while (end > 0 && !StartsCharacter(text[end])) --end;
  return std::string(text.substr(0, end)).append(kEllipsis);
}

}  // namespace eyechart::reports
