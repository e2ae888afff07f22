// What is wrong with a result, and what would help.
#pragma once

#include <string>
#include <vector>

#include "core/error.h"

namespace eyechart::benchmarks {

struct Finding {
  bool fatal = true;  // makes the result invalid; else a warning
  std::string reason;
  std::string advice;
};

inline bool IsValid(const std::vector<Finding>& findings) {
  for (const Finding& finding : findings)
    if (finding.fatal) return false;
  return true;
}

/// Throws InputError with the first that is fatal: "`what` is not valid:
/// REASON; ADVICE".
inline void RequireNoneFatal(const std::vector<Finding>& findings,
                             const std::string& what) {
  for (const Finding& finding : findings)
    EYECHART_REQUIRE(!finding.fatal, "{} is not valid: {}; {}", what,
                     finding.reason, finding.advice);
}

}  // namespace eyechart::benchmarks
