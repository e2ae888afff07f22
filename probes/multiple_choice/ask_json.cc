#include "probes/multiple_choice/ask_json.h"

#include <cmath>
#include <set>
#include <utility>

#include "core/interval_json.h"
#include "core/statistics.h"
#include "probes/multiple_choice/pair_features.h"
#include "probes/multiple_choice/reading.h"

namespace eyechart::multiple_choice {
namespace {

Json Share(std::int64_t part, std::int64_t whole) {
  if (whole == 0) return nullptr;
  return static_cast<double>(part) / static_cast<double>(whole);
}

// The counts and shares of one group of items.
Json TallyJson(const Tally& tally, bool asked) {
  const bool pairs = asked && tally.pairs > 0;
  return {{"items", tally.items},
          {"correct_items", asked ? Json(tally.correct_items) : Json()},
          {"item_accuracy", Share(tally.correct_items, tally.items)},
          {"pairs", tally.pairs},
          {"correct_pairs", pairs ? Json(tally.correct_pairs) : Json()},
          {"pair_accuracy",
           pairs ? Share(tally.correct_pairs, tally.pairs) : Json()},
          {"ci", asked ? IntervalJson(tally.interval()) : Json()}};
}

Json PatternsJson(const Benchmark& benchmark, const Result& result) {
  Json rows = Json::array();
  for (const std::string& pattern : benchmark.patterns) {
    Json row = TallyJson(CountPattern(benchmark, result, pattern),
                         !result.items.empty());
    row["name"] = pattern;
    rows.push_back(std::move(row));
  }
  return rows;
}

// Every step of difficulty of every pattern, easy to hard.
Json StepsJson(const Benchmark& benchmark, const Result& result) {
  Json rows = Json::array();
  for (const std::string& pattern : benchmark.patterns) {
    std::set<std::pair<double, std::string>> steps;
    for (const Question& item : benchmark.items)
      if (item.pattern == pattern && !item.step.empty())
        steps.emplace(std::strtod(item.step.c_str(), nullptr), item.step);
    for (const auto& [number, step] : steps) {
      Json row = TallyJson(CountStep(benchmark, result, pattern, step),
                           !result.items.empty());
      row["pattern"] = pattern;
      row["step"] = step;
      for (const Question& item : benchmark.items)
        if (item.pattern == pattern && item.step == step)
          row["difficulty"] = item.difficulty;
      rows.push_back(std::move(row));
    }
  }
  return rows;
}

Json MeanJson(const PairMean& mean) {
  return {{"mean", mean.n > 0 ? Json(mean.mean) : Json()},
          {"n", mean.n},
          {"ci", mean.n > 0 ? IntervalJson(mean.ci) : Json()}};
}

Json ReadingJson(const Benchmark& benchmark, const Result& result) {
  const ReadingScore score = ScoreReadings(benchmark, result);
  return {
      {"kind", benchmark.reading == Reading::kClock ? "clock" : "gauge"},
      {"read", score.read},
      {"median_error", score.measured > 0 ? Json(score.median_error) : Json()},
      {"unit", ReadingErrorUnit(benchmark.reading)},
      {"within", score.within},
      {"within_tolerance", Share(score.within, score.items)},
      {"ci", IntervalJson(WilsonInterval(score.within, score.items))}};
}

Json ComparisonJson(const PairedComparison& comparison) {
  const auto difference = static_cast<double>(comparison.first_correct -
                                              comparison.second_correct) /
                          static_cast<double>(comparison.n);
  return {{"unit", comparison.unit},
          {"n", comparison.n},
          {"first_correct", comparison.first_correct},
          {"second_correct", comparison.second_correct},
          {"only_first", comparison.only_first},
          {"only_second", comparison.only_second},
          {"difference", difference},
          {"p", comparison.p},
          {"method", comparison.method}};
}

}  // namespace

std::string ReadingErrorUnit(Reading reading) {
  if (reading == Reading::kNone) return "";
  return reading == Reading::kClock ? "min" : "%";
}

ReadingScore ScoreReadings(const Benchmark& benchmark, const Result& result) {
  ReadingScore score;
  std::vector<double> errors;
  for (std::size_t i = 0; i < result.items.size(); ++i) {
    const Question& item = benchmark.items[i];
    const std::optional<double>& read = result.items[i].read;
    if (!item.value) continue;
    ++score.items;
    if (!read) continue;
    ++score.read;
    if (WithinTolerance(benchmark.reading, item, *read)) ++score.within;
    if (const auto error = ReadingError(benchmark.reading, item, *read))
      errors.push_back(*error);
  }
  score.measured = static_cast<std::int64_t>(errors.size());
  score.median_error = Median(errors);
  return score;
}

Json AskToJson(const Benchmark& benchmark,
               const Result& result,
               const std::string& model,
               const std::vector<PairedComparison>& comparisons) {
  const Tally all = CountAll(benchmark, result);
  const bool asked = !result.items.empty();
  Json json = TallyJson(all, asked);
  json.erase("correct_items");
  json["schema"] = 1;
  json["command"] = "ask";
  json["warnings"] = result.warnings;
  json["model"] = model.empty() ? Json() : Json(model);
  json["benchmark"] = benchmark.kind;
  json["name"] = benchmark.name;
  json["items"] = benchmark.items.size();
  json["correct_items"] = asked ? Json(all.correct_items) : Json();
  json["pictures"] = benchmark.pictures.size();
  json["chance"] = asked ? Json(all.chance) : Json();
  json["abstained"] = all.of(Status::kAbstained);
  json["unanswered"] = all.of(Status::kUnanswered);
  json["unreadable"] = all.of(Status::kUnreadable);
  json["ties"] = all.of(Status::kTie);
  json["not_finite"] = all.of(Status::kNotFinite);
  json["labels"] = benchmark.labels;
  json["scoring"] = ScoringName(result.scoring);
  json["setting"] = result.setting;
  json["patterns"] = PatternsJson(benchmark, result);
  if (result.scoring == Scoring::kStatements) {
    json["image_score"] = json["pair_accuracy"];
    json["text_score"] = Share(all.text_pairs, all.pairs);
    json["group_score"] = Share(all.group_pairs, all.pairs);
    json["diagonal_accuracy"] = Share(all.diagonal_pairs, all.pairs);
  }
  const Json steps = StepsJson(benchmark, result);
  if (!steps.empty()) json["steps"] = steps;
  if (result.has_cosines) {
    json["pair_cosine"] = MeanJson(MeanCosine(result));
    json["pair_cosine_rank"] = MeanJson(MeanRank(result));
  }
  if (benchmark.reading != Reading::kNone && result.parsed())
    json["reading"] = ReadingJson(benchmark, result);
  if (!comparisons.empty()) {
    json["comparison"] = Json::array();
    for (const PairedComparison& comparison : comparisons)
      json["comparison"].push_back(ComparisonJson(comparison));
  }
  return json;
}

}  // namespace eyechart::multiple_choice
