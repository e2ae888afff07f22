// Keys that a file of a run has to have.
#pragma once

#include <string>

#include "core/json.h"

namespace eyechart::reports {

/// The value of `key`. Throws InputError naming `source` where it is missing.
inline const Json& Member(const Json& object,
                          const char* key,
                          const std::string& source) {
  const auto found = object.find(key);
  EYECHART_REQUIRE(found != object.end(), "{}: key \"{}\" is missing", source,
                   key);
  return *found;
}

}  // namespace eyechart::reports
