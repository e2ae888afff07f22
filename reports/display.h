// Numbers as people read them. Raw values stay in JSON lines and CSV.
#pragma once

#include <set>
#include <span>
#include <string>
#include <string_view>

#include "reports/run_folder.h"

namespace eyechart::reports {

/// `value` with four significant digits, thousands parted by U+202F (narrow
/// no-break space); integers below 10^15 in full.
std::string FormatNumber(double value);

/// The share `value` as a percentage with four significant digits; more where
/// fewer would turn a share below 1 into 100%.
std::string FormatPercent(double value);

/// How the values of these runs are written: metrics of unit "1" that are
/// shares (all within [0, 1], with an interval or a value between) become
/// percentages. Values of a metric that has several units (the strengths of
/// different charts) carry theirs.
class NumberStyle {
 public:
  explicit NumberStyle(std::span<const RunFolder> runs);

  std::string Number(std::string_view metric, double value) const;
  /// `[low, high]`, or nothing where the record has no interval.
  std::string Interval(const Record& record) const;
  /// The value; "failed", "skipped" or "no value" where there is none.
  std::string Value(const Record& record) const;
  /// The metrics that are written as percentages.
  const std::set<std::string, std::less<>>& shares() const { return shares_; }

 private:
  std::set<std::string, std::less<>> shares_;
  std::set<std::string, std::less<>> mixed_;  // metrics of several units
};

/// The unit beside a metric's name: nothing for "1", a power of ten in words.
std::string UnitText(std::string_view unit);

/// U+2191 or U+2193 where higher or lower is better, else nothing.
std::string_view DirectionArrow(std::string_view direction);

/// A value of environment.json in a table: text as it is, the rest as JSON.
std::string JsonText(const Json& value);

/// Seconds as "42.1 s", "3 min 20 s" or "2 h 5 min".
std::string FormatSeconds(double seconds);

}  // namespace eyechart::reports
