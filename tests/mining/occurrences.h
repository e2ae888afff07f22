// How often a text holds another.
#pragma once

#include <string>

namespace eyechart::testing {

/// Occurrences of `part`, not overlapping.
inline std::size_t Occurrences(const std::string& text,
                               const std::string& part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos;
       at = text.find(part, at + part.size()))
    ++count;
  return count;
}

}  // namespace eyechart::testing
