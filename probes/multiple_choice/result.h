// What came of asking a benchmark: item by item, pair by pair, and in sum.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/statistics.h"
#include "probes/multiple_choice/benchmark.h"

namespace eyechart::multiple_choice {

/// Why an item is decided as it is.
enum class Status {
  kOk,
  kTie,         // the best two scores are equal
  kNotFinite,   // a score is not a number
  kUnreadable,  // a picture of it could not be decoded
  kAbstained,   // the answer names no option, or several
  kUnanswered,  // the answers file lacks it
};

/// "ok", "tie", "not finite", "unreadable", "abstained", "unanswered".
std::string_view StatusName(Status status);

/// One item's outcome. All but kOk are wrong.
struct Outcome {
  std::string truth;       // an option's mark, or a picture's id
  std::string prediction;  // likewise; empty: none
  bool correct = false;
  /// Of the right choice: its probability among the two pictures, or its lead
  /// over the best wrong text in logits; NaN where there is none.
  double score = std::numeric_limits<double>::quiet_NaN();
  Status status = Status::kOk;
  std::optional<double> read;  // the number that the answer names
};

/// One pair's outcome.
struct PairOutcome {
  bool correct = false;   // both items are
  bool text = false;      // each picture finds its statement
  bool group = false;     // both directions
  bool diagonal = false;  // right matches outweigh the wrong ones
  double cosine = std::numeric_limits<double>::quiet_NaN();
  double rank = std::numeric_limits<double>::quiet_NaN();
};

/// How items were scored; the names stand in records.
enum class Scoring {
  kStatements,  // "text-to-image": each statement chooses between two pictures
  kOptions,     // "image-to-text": each picture chooses among texts
  kAnswers,     // "answers": free text through the option parser
  kFeatures,    // "features": none; only how alike the pairs' pictures are
  kLikelihood,  // "likelihood": how likely a model finds each option's words
  kGenerated,   // "generated": what a model wrote, through the option parser
  kReadOut,     // "read-out": trained on features of other pairs
};
std::string_view ScoringName(Scoring scoring);

struct Result {
  Scoring scoring = Scoring::kFeatures;
  std::vector<Outcome> items;      // in the benchmark's order; empty: not asked
  std::vector<PairOutcome> pairs;  // in the benchmark's order
  bool has_cosines = false;        // pairs have cosine and rank
  std::map<std::string, std::string> setting;  // all that the scores depend on
  std::vector<std::string> warnings;

  /// Whether items were decided by what a free text names.
  bool parsed() const {
    return scoring == Scoring::kAnswers || scoring == Scoring::kGenerated;
  }
};

/// Counts over some items and the pairs among them.
struct Tally {
  std::int64_t items = 0;
  std::int64_t correct_items = 0;
  std::int64_t pairs = 0;
  std::int64_t correct_pairs = 0;
  std::int64_t text_pairs = 0;
  std::int64_t group_pairs = 0;
  std::int64_t diagonal_pairs = 0;
  std::map<Status, std::int64_t> status;  // of items
  double chance = 0;  // of the share below, guessing each item by itself

  std::int64_t of(Status s) const;
  /// Ties and scores that are not finite.
  std::int64_t undecided() const;
  /// The main score: correct pairs where there are any, else correct items.
  Interval interval() const;
};

/// Counts over everything, over a pattern, and over one difficulty step of one
/// pattern. Where nothing was asked, pairs are counted and items are not.
Tally CountAll(const Benchmark& benchmark, const Result& result);
Tally CountPattern(const Benchmark& benchmark,
                   const Result& result,
                   const std::string& pattern);
Tally CountStep(const Benchmark& benchmark,
                const Result& result,
                const std::string& pattern,
                const std::string& step);

/// Sets each pair's `correct` from its two items.
void JoinPairs(const Benchmark& benchmark, Result& result);

/// Adds to the setting what the score depends on in the benchmark (kind, hash,
/// labels, scoring), and to the warnings its own and those of items that could
/// not be decided.
void DescribeResult(const Benchmark& benchmark, Result& result);

}  // namespace eyechart::multiple_choice
