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

/// The row called `name`. Throws std::logic_error if there is none: a task may
/// record only what the methods page explains. (Records that were read may come
/// from a newer eyechart: look them up in IntervalMethods().)
const IntervalMethod& FindIntervalMethod(std::string_view name);

}  // namespace eyechart
