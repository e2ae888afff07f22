// What a file of a run says of its own times: `valid` and `reasons`.
#pragma once

#include <string>
#include <vector>

#include "core/error.h"
#include "core/json.h"

namespace eyechart::reports {

/// Why the times of `json` are not valid; empty: they are, or nobody watched,
/// for a file of before either key was written has none. Throws InputError
/// naming `source` and the key that is not as it should be.
inline std::vector<std::string> ReadInvalidity(const Json& json,
                                               const std::string& source) {
  std::vector<std::string> reasons;
  if (const auto list = json.find("reasons"); list != json.end()) {
    EYECHART_REQUIRE(list->is_array(), "{}: \"reasons\" should be a list",
                     source);
    for (const Json& one : *list) {
      EYECHART_REQUIRE(one.is_string(), "{}: \"reasons\" should hold texts",
                       source);
      reasons.push_back(one.get<std::string>());
    }
  }
  if (const auto valid = json.find("valid"); valid != json.end()) {
    EYECHART_REQUIRE(valid->is_boolean(),
                     "{}: \"valid\" should be true or false", source);
    if (!valid->get<bool>() && reasons.empty())
      reasons.push_back("the file says no reason");
  }
  return reasons;
}

/// "not valid: others used 40 %; the clock moved"; empty without a reason.
inline std::string InvalidityText(const std::vector<std::string>& reasons) {
  std::string text;
  for (const std::string& reason : reasons)
    text += (text.empty() ? "not valid: " : "; ") + reason;
  return text;
}

}  // namespace eyechart::reports
