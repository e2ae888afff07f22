// Division and multiples, upwards.
#pragma once

#include <cstdint>

namespace eyechart::encoders {

/// value / divisor, rounded up; value >= 0, divisor > 0.
inline std::int64_t DivideUp(std::int64_t value, std::int64_t divisor) {
  return (value + divisor - 1) / divisor;
}

/// The smallest multiple that is not below `value` >= 0.
inline std::int64_t RoundUp(std::int64_t value, std::int64_t multiple) {
  return DivideUp(value, multiple) * multiple;
}

}  // namespace eyechart::encoders
