// Large numbers for people.
#pragma once

#include <cstdint>
#include <string>

namespace eyechart {

/// 1234567 as "1,234,567".
inline std::string WithSeparators(std::int64_t value) {
  const std::string digits = std::to_string(value);
  const std::size_t sign = value < 0 ? 1 : 0;
  std::string text;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > sign && (digits.size() - i) % 3 == 0) text += ',';
    text += digits[i];
  }
  return text;
}

}  // namespace eyechart
