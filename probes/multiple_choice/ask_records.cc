#include "probes/multiple_choice/ask_records.h"

#include <cmath>
#include <limits>
#include <string_view>
#include <utility>

#include "core/statistics.h"
#include "probes/multiple_choice/ask_json.h"
#include "probes/multiple_choice/pair_features.h"

namespace eyechart::multiple_choice {
namespace {

class Writer {
 public:
  Writer(const Result& result, const Record& base) : base_(base) {
    base_.setting = result.setting;
  }

  void SetPattern(const std::string& pattern) {
    base_.setting["pattern"] = pattern;
  }

  Record& Add(std::string_view metric, double value, std::int64_t n) {
    records_.push_back(base_);
    records_.back().n = n;
    SetMetric(records_.back(), metric, value);
    return records_.back();
  }

  void Share(std::string_view metric, std::int64_t part, std::int64_t n) {
    Add(metric, static_cast<double>(part) / static_cast<double>(n), n).ci =
        WilsonInterval(part, n);
  }

  void Mean(std::string_view metric, const PairMean& mean) {
    Record& record = Add(metric, mean.mean, mean.n);
    if (record.value) record.ci = mean.ci;
  }

  std::vector<Record> Take() && { return std::move(records_); }

 private:
  Record base_;
  std::vector<Record> records_;
};

void AddAccuracies(const Tally& tally, Writer& writer) {
  if (tally.pairs > 0)
    writer.Share("pair_accuracy", tally.correct_pairs, tally.pairs);
  if (tally.items > 0)
    writer.Share("item_accuracy", tally.correct_items, tally.items);
}

void AddReadings(const Benchmark& benchmark,
                 const Result& result,
                 Writer& writer) {
  const ReadingScore score = ScoreReadings(benchmark, result);
  if (score.items == 0) return;
  Record& error = writer.Add(
      benchmark.reading == Reading::kClock ? "clock_error" : "gauge_error",
      score.measured > 0 ? score.median_error
                         : std::numeric_limits<double>::quiet_NaN(),
      score.measured);
  if (score.measured == 0) error.message = "no answer names a number";
  writer.Share("within_tolerance", score.within, score.items);
}

}  // namespace

std::vector<Record> AskRecords(const Benchmark& benchmark,
                               const Result& result,
                               const Record& base) {
  Writer writer(result, base);
  const Tally all = CountAll(benchmark, result);
  const bool asked = !result.items.empty();
  if (asked) {
    AddAccuracies(all, writer);
    if (result.scoring == Scoring::kStatements) {
      writer.Share("text_score", all.text_pairs, all.pairs);
      writer.Share("group_score", all.group_pairs, all.pairs);
      writer.Share("diagonal_accuracy", all.diagonal_pairs, all.pairs);
    }
    if (result.parsed()) {
      for (const auto& [metric, status] :
           {std::pair{"abstained", Status::kAbstained},
            std::pair{"unanswered", Status::kUnanswered}})
        writer.Add(metric, static_cast<double>(all.of(status)), all.items);
      if (benchmark.reading != Reading::kNone)
        AddReadings(benchmark, result, writer);
    } else {
      writer.Add("undecided", static_cast<double>(all.undecided()), all.items);
    }
  }
  if (result.has_cosines) {
    writer.Mean("pair_cosine", MeanCosine(result));
    writer.Mean("pair_cosine_rank", MeanRank(result));
  }
  if (!asked) return std::move(writer).Take();
  for (const std::string& pattern : benchmark.patterns) {
    writer.SetPattern(pattern);
    AddAccuracies(CountPattern(benchmark, result, pattern), writer);
  }
  return std::move(writer).Take();
}

}  // namespace eyechart::multiple_choice
