// The one table of the estimators that records' intervals come from: what the
// methods page of a report says of each. To add an estimator, add a row.
#pragma once

#include <span>
#include <string_view>

namespace eyechart {

struct IntervalMethod {
  std::string_view name;  // as in a record's ci.method
  std::string_view what;  // how it is made, and its source
};

std::span<const IntervalMethod> IntervalMethods();

/// The row called `name`; null if there is none, as in records of a newer
/// eyechart.
const IntervalMethod* FindIntervalMethod(std::string_view name);

}  // namespace eyechart
