#include "probes/multiple_choice/patterns.h"

#include <algorithm>
#include <array>

#include "probes/multiple_choice/words.h"

namespace eyechart::multiple_choice {
namespace {

struct Pattern {
  std::string_view title;      // MMVP-VLM's folder
  std::string_view generated;  // of `eyechart generate patterns`
};

constexpr std::array<Pattern, 9> kPatterns = {{
    {"Orientation", "orientation"},
    {"Presence", "presence"},
    {"State", "state"},
    {"Quantity", "quantity"},
    {"Spatial", "position"},
    {"Color", "color"},
    {"Structural Character", "structure"},
    {"Text", "text"},
    {"Camera Perspective", "viewpoint"},
}};

}  // namespace

int PatternRank(std::string_view name) {
  const std::string plain = PlainName(name);
  for (std::size_t i = 0; i < kPatterns.size(); ++i)
    if (plain == PlainName(kPatterns[i].title) ||
        plain == kPatterns[i].generated)
      return static_cast<int>(i);
  return static_cast<int>(kPatterns.size());
}

std::string PatternTitle(std::string_view name) {
  const std::string plain = PlainName(name);
  for (const Pattern& pattern : kPatterns)
    if (plain == PlainName(pattern.title)) return std::string(pattern.title);
  std::string title(Trimmed(name));
  std::replace(title.begin(), title.end(), '_', ' ');
  return title;
}

}  // namespace eyechart::multiple_choice
