// What encoders make of each pattern: scores of a benchmark's patterns side by
// side, and encoders compared pair by pair.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/statistics.h"
#include "reports/run_folder.h"

namespace eyechart::reports {

/// One column: an encoder and how it was asked, or two and how they were mined.
struct PatternColumn {
  std::size_t run = 0;
  std::string encoder;
  std::string metric;  // pair_accuracy, item_accuracy or mined_share
  std::string how;     // the scoring, or the thresholds
  std::string cell;    // of the whole benchmark, whose outcomes these are
  std::vector<const Record*> values;  // by pattern; null: none
};

/// Two columns on the same pairs: exact McNemar test, and the difference of
/// their shares with the interval of a difference of paired shares.
struct PatternComparison {
  std::string pattern;
  std::size_t first = 0;  // columns
  std::size_t second = 0;
  std::int64_t pairs = 0;
  std::int64_t only_first = 0;
  std::int64_t only_second = 0;
  double difference = 0;  // second less first
  Interval ci;            // PairedDifferenceInterval, 95 %
  double p = 1;           // two-sided, exact
};

/// One column's answers to a pattern's questions, one by one: where an encoder
/// takes both pictures of a pair for the same, exactly one of the two answers
/// is right. Pairs then say 0 % where answers say 50 %, which is what chance
/// is.
struct PatternAnswers {
  std::string pattern;
  std::size_t column = 0;
  std::int64_t pairs = 0;
  double right = 0;  // share of the answers
  /// 95 %; whole pairs are drawn anew, as the answers of one hang together.
  Interval ci;
  /// Less the column that scores words, on the same pairs; none of that column.
  std::optional<double> difference;
  Interval difference_ci;  // likewise
};

/// How answers stand to chance, which is one half: their interval lies below
/// it, holds it, or lies above it.
enum class ChanceVerdict { kBelow, kNear, kAbove };
ChanceVerdict VerdictOf(const PatternAnswers& answers);

/// One data set's patterns.
struct PatternTable {
  std::string dataset;
  std::vector<std::string> patterns;  // in the order of their first mention
  std::vector<PatternColumn> columns;
  /// Of the first column that scores words with every other one that has
  /// outcomes of the same pairs.
  std::vector<PatternComparison> comparisons;
  std::optional<std::size_t> words;  // that first column
  /// Of that column and of the others that have outcomes of the same pairs.
  std::vector<PatternAnswers> answers;
};

/// One table a data set that has records with the setting `pattern`; points
/// into `runs`. Outcomes that are not there give no comparison; damaged ones
/// throw InputError.
std::vector<PatternTable> MakePatternTables(std::span<const RunFolder> runs);

}  // namespace eyechart::reports
