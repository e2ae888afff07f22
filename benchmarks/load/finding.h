// What is wrong with a result, and what would help.
#pragma once

#include <string>
#include <vector>

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

}  // namespace eyechart::benchmarks
