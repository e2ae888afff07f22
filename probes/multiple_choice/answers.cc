#include "probes/multiple_choice/answers.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "core/csv.h"
#include "core/error.h"
#include "core/hash.h"
#include "core/text.h"
#include "probes/multiple_choice/reading.h"
#include "probes/multiple_choice/words.h"

namespace eyechart::multiple_choice {
namespace {

void RequireKnownIds(const Benchmark& benchmark,
                     const std::map<std::string, std::string>& answers,
                     const std::string& source) {
  std::vector<std::string> known;
  for (const Question& item : benchmark.items) known.push_back(item.id);
  std::vector<std::string> sorted = known;
  std::sort(sorted.begin(), sorted.end());
  std::vector<std::string> unknown;
  for (const auto& [id, answer] : answers)
    if (!std::binary_search(sorted.begin(), sorted.end(), id))
      unknown.push_back(id);
  if (unknown.empty()) return;
  ThrowInput(
      "{}: {} of its {} ids stand in no question of {}; the first is "
      "\"{}\"{}, the questions' ids go like \"{}\"",
      source, unknown.size(), answers.size(), benchmark.source.string(),
      unknown.front(), DidYouMean(unknown.front(), known), known.front());
}

Outcome ScoreOne(const Question& item,
                 Reading reading,
                 const std::string* answer,
                 const AnswerOptions& options) {
  Outcome outcome;
  outcome.truth = OptionMark(item.answer);
  if (answer == nullptr) {
    outcome.status = Status::kUnanswered;
    return outcome;
  }
  // As the system saw them, so that its letters mean what it saw.
  std::vector<std::string> shown = item.options;
  if (options.swapped) std::reverse(shown.begin(), shown.end());
  const ParsedAnswer parsed = ParseOption(*answer, shown, options.notation);
  if (reading == Reading::kClock) outcome.read = ParseClock(*answer);
  if (reading == Reading::kGauge) outcome.read = ParseNumber(*answer);
  if (!parsed.option) {
    outcome.status = Status::kAbstained;
    return outcome;
  }
  const int last = static_cast<int>(item.options.size()) - 1;
  const int option = options.swapped ? last - *parsed.option : *parsed.option;
  outcome.prediction = OptionMark(option);
  outcome.correct = option == item.answer;
  return outcome;
}

}  // namespace

bool ParseSwapped(const std::string& order) {
  if (order == "original") return false;
  if (order == "swapped") return true;
  ThrowInput("option order \"{}\": should be original or swapped", order);
}

std::map<std::string, std::string> ReadAnswers(
    const std::filesystem::path& file) {
  const CsvTable table = CsvTable::ReadFile(file);
  const std::size_t id = table.Column("id");
  const std::size_t answer = table.Column("answer");
  std::map<std::string, std::string> answers;
  for (std::size_t row = 0; row < table.rows(); ++row) {
    const std::string name(Trimmed(table.at(row, id)));
    EYECHART_REQUIRE(!name.empty(), "{}: row {}: the id is empty",
                     file.string(), row + 2);
    EYECHART_REQUIRE(answers.emplace(name, table.at(row, answer)).second,
                     "{}: row {}: id \"{}\" has an answer already",
                     file.string(), row + 2, name);
  }
  return answers;
}

Result ScoreAnswers(const Benchmark& benchmark,
                    const std::filesystem::path& file,
                    const AnswerOptions& options) {
  EYECHART_REQUIRE(benchmark.lettered && benchmark.has_options(),
                   "{}: a benchmark of kind {} has no options that an answer "
                   "could name; answers go with questions that have them",
                   benchmark.source.string(), benchmark.kind);
  const std::map<std::string, std::string> answers = ReadAnswers(file);
  RequireKnownIds(benchmark, answers, file.string());
  Result result;
  result.scoring = Scoring::kAnswers;
  std::int64_t lacking = 0;
  std::string first;
  for (const Question& item : benchmark.items) {
    const auto found = answers.find(item.id);
    const bool there = found != answers.end();
    if (!there && lacking++ == 0) first = item.id;
    result.items.push_back(ScoreOne(item, benchmark.reading,
                                    there ? &found->second : nullptr, options));
  }
  if (lacking > 0)
    result.warnings.push_back(fmt::format(
        "{}: {} of {} questions have no answer and count as wrong; the first "
        "is \"{}\"",
        file.string(), lacking, benchmark.items.size(), first));
  JoinPairs(benchmark, result);
  result.setting = {{"answers_sha256", Sha256File(file)},
                    {"option_order", options.swapped ? "swapped" : "original"},
                    {"notation", std::string(NotationName(options.notation))}};
  return result;
}

}  // namespace eyechart::multiple_choice
