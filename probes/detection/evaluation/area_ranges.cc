#include "probes/detection/evaluation/area_ranges.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "core/error.h"
#include "core/text.h"

namespace eyechart::detection {
namespace {

double Bound(const std::string& text, const std::string& whole) {
  const std::optional<double> value =
      text == "inf" ? std::numeric_limits<double>::infinity()
                    : ParseDouble(text);
  EYECHART_REQUIRE(value && !std::isnan(*value),
                   "area \"{}\": \"{}\" should be a number of square pixels or "
                   "inf",
                   whole, text);
  return *value;
}

}  // namespace

std::vector<AreaRange> ParseAreas(const std::vector<std::string>& texts) {
  std::vector<AreaRange> areas;
  for (const std::string& text : texts) {
    const std::size_t high = text.rfind(':');
    const std::size_t low =
        high == 0 || high == text.npos ? text.npos : text.rfind(':', high - 1);
    EYECHART_REQUIRE(low != text.npos && low > 0,
                     "area \"{}\" should be name:low:high, as small:0:1024",
                     text);
    areas.push_back({text.substr(0, low),
                     Bound(text.substr(low + 1, high - low - 1), text),
                     Bound(text.substr(high + 1), text)});
  }
  if (std::none_of(areas.begin(), areas.end(),
                   [](const AreaRange& area) { return area.name == "all"; }))
    areas.insert(areas.begin(), CocoAreas().front());
  return areas;
}

}  // namespace eyechart::detection
