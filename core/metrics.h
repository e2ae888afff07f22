// The one table of metrics: what `eyechart list metrics` prints and what every
// record's unit and direction come from. To add a metric, add a row.
#pragma once

#include <span>
#include <string_view>

namespace eyechart {

enum class Direction { kHigher, kLower, kNone };

/// "higher", "lower" or "none".
std::string_view DirectionName(Direction direction);

struct Metric {
  std::string_view name;
  std::string_view unit;  // "1" for a fraction or a pure number
  Direction direction;    // which way is better, if any
  std::string_view what;
  std::string_view source;  // paper, or "eyechart" where it is our own
};

std::span<const Metric> Metrics();

/// The row called `name`. Throws std::logic_error if there is none: a record
/// can hold only what the table knows.
const Metric& FindMetric(std::string_view name);

}  // namespace eyechart
