// Large numbers for people.
#pragma once

#include <cstdint>
#include <string>

namespace eyechart::mining {

/// 1234567 as 1,234,567.
inline std::string Grouped(std::int64_t value) {
  const std::string digits = std::to_string(value);
  std::string grouped;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && digits[i - 1] != '-' && (digits.size() - i) % 3 == 0)
      grouped += ',';
    grouped += digits[i];
  }
  return grouped;
}

}  // namespace eyechart::mining
