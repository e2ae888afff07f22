// Figures that may be missing, as JSON writes them everywhere.
#pragma once

#include <cmath>
#include <optional>

#include "core/json.h"
#include "core/statistics.h"

namespace eyechart {

/// null for none.
inline Json OrNull(const std::optional<double>& value) {
  return value ? Json(*value) : Json(nullptr);
}

/// {low, high, level, method}, or null for none; an end that is not finite is
/// null, as JSON has no infinity.
inline Json IntervalJson(const std::optional<Interval>& ci) {
  if (!ci) return nullptr;
  const auto end = [](double value) {
    return std::isfinite(value) ? Json(value) : Json(nullptr);
  };
  return {{"low", end(ci->low)},
          {"high", end(ci->high)},
          {"level", ci->level},
          {"method", ci->method}};
}

}  // namespace eyechart
