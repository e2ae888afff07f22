#include "probes/multiple_choice/outcomes_csv.h"

#include <cmath>
#include <vector>

#include "core/csv.h"
#include "core/error.h"
#include "core/text.h"

namespace eyechart::multiple_choice {
namespace {

std::string NumberOrEmpty(double value) {
  return std::isfinite(value) ? FormatDouble(value) : "";
}

std::string Flag(bool value) { return value ? "1" : "0"; }

}  // namespace

std::string OutcomesToCsv(const Benchmark& benchmark, const Result& result) {
  std::string csv = CsvLine(
      {"id", "truth", "prediction", "correct", "score", "pair", "pattern",
       "step", "status", "pair_correct", "pair_cosine", "pair_rank", "read"});
  std::vector<const PairOutcome*> pair_of(benchmark.items.size(), nullptr);
  for (std::size_t p = 0; p < result.pairs.size(); ++p)
    for (const std::size_t item : benchmark.pairs[p])
      pair_of[item] = &result.pairs[p];
  const bool asked = !result.items.empty();
  for (std::size_t i = 0; i < benchmark.items.size(); ++i) {
    const Question& item = benchmark.items[i];
    const Outcome outcome = asked ? result.items[i] : Outcome{};
    const PairOutcome* pair = pair_of[i];
    csv += CsvLine({
        item.id,
        outcome.truth,
        outcome.prediction,
        asked ? Flag(outcome.correct) : "",
        NumberOrEmpty(outcome.score),
        item.pair,
        item.pattern,
        item.step,
        asked ? std::string(StatusName(outcome.status)) : "",
        asked && pair != nullptr ? Flag(pair->correct) : "",
        pair != nullptr ? NumberOrEmpty(pair->cosine) : "",
        pair != nullptr ? NumberOrEmpty(pair->rank) : "",
        outcome.read ? FormatDouble(*outcome.read) : "",
    });
  }
  return csv;
}

std::map<std::string, OutcomeRow> ReadOutcomes(
    const std::filesystem::path& file) {
  const CsvTable table = CsvTable::ReadFile(file);
  const std::size_t id = table.Column("id");
  const std::size_t correct = table.Column("correct");
  const auto truth = table.FindColumn("truth");
  const auto pair = table.FindColumn("pair");
  std::map<std::string, OutcomeRow> rows;
  for (std::size_t i = 0; i < table.rows(); ++i) {
    const std::string& flag = table.at(i, correct);
    EYECHART_REQUIRE(flag == "0" || flag == "1",
                     "{}: row {}: correct \"{}\": should be 0 or 1",
                     file.string(), i + 2, flag);
    OutcomeRow row;
    row.correct = flag == "1";
    if (truth) row.truth = table.at(i, *truth);
    if (pair) row.pair = table.at(i, *pair);
    EYECHART_REQUIRE(rows.emplace(table.at(i, id), row).second,
                     "{}: row {}: id \"{}\" is there already", file.string(),
                     i + 2, table.at(i, id));
  }
  return rows;
}

}  // namespace eyechart::multiple_choice
