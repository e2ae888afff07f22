#include <optional>
#include <string>
#include <utility>

#include "core/error.h"
#include "core/hash.h"
#include "core/json.h"
#include "core/text.h"
#include "probes/multiple_choice/benchmark_builder.h"
#include "probes/multiple_choice/option_parser.h"
#include "probes/multiple_choice/readers.h"
#include "probes/multiple_choice/rows.h"
#include "probes/multiple_choice/words.h"

namespace eyechart::multiple_choice::internal {
namespace {

namespace fs = std::filesystem;

constexpr const char* kManifest = "manifest.json";

Reading ReadingNamed(const std::string& name) {
  const std::string plain = PlainName(name);
  if (plain == "clock" || plain == "clocks") return Reading::kClock;
  if (plain == "gauge" || plain == "gauges") return Reading::kGauge;
  return Reading::kNone;
}

std::optional<double> NumberOf(const Rows& rows,
                               std::size_t row,
                               const std::string& field) {
  const std::string text(Trimmed(rows.Get(row, field)));
  if (text.empty()) return std::nullopt;
  const std::optional<double> value = ParseDouble(text);
  EYECHART_REQUIRE(value.has_value(), "{}: {} \"{}\": should be a number",
                   rows.Where(row), field, text);
  return value;
}

std::vector<std::string> OptionsOf(const Rows& rows, std::size_t row) {
  std::vector<std::string> options;
  for (const char letter : {'a', 'b', 'c', 'd'}) {
    const std::string field = std::string("option_") + letter;
    const std::string text(Trimmed(rows.Get(row, field)));
    if (text.empty()) continue;
    EYECHART_REQUIRE(static_cast<int>(options.size()) == letter - 'a',
                     "{}: {} is given, the one before it is empty",
                     rows.Where(row), field);
    options.push_back(text);
  }
  EYECHART_REQUIRE(options.size() != 1,
                   "{}: a single option; a question has two at least",
                   rows.Where(row));
  return options;
}

Question ItemOf(const Rows& rows, std::size_t row) {
  Question item;
  item.id = rows.Require(row, "id");
  item.pair = Trimmed(rows.Get(row, "pair"));
  item.pattern = Trimmed(rows.Get(row, "pattern"));
  item.question = Trimmed(rows.Get(row, "question"));
  item.options = OptionsOf(rows, row);
  item.statement = Trimmed(rows.Get(row, "statement"));
  item.step = Trimmed(rows.Get(row, "step"));
  item.difficulty = Trimmed(rows.Get(row, "difficulty"));
  const std::string unit(Trimmed(rows.Get(row, "unit")));
  if (!item.difficulty.empty() && !unit.empty()) item.difficulty += " " + unit;
  item.value = NumberOf(rows, row, "value");
  item.tolerance = NumberOf(rows, row, "tolerance");
  item.range = NumberOf(rows, row, "range");
  const std::optional<double> low = NumberOf(rows, row, "low");
  const std::optional<double> high = NumberOf(rows, row, "high");
  if (!item.range && low && high) item.range = *high - *low;
  if (!item.options.empty()) {
    const std::string answer = rows.Require(row, "answer");
    const std::optional<int> option = ParseOption(answer, item.options).option;
    EYECHART_REQUIRE(option.has_value(),
                     "{}: answer \"{}\": should be the letter of one of its {} "
                     "options",
                     rows.Where(row), answer, item.options.size());
    item.answer = *option;
  }
  // A pair with an empty statement is no pair of statements any more.
  EYECHART_REQUIRE(!item.options.empty() || !item.statement.empty(),
                   "{}: id \"{}\" has neither options nor a statement",
                   rows.Where(row), item.id);
  return item;
}

Benchmark Read(const char* kind,
               const fs::path& source,
               const ReadOptions& options,
               Reading reading) {
  const Rows rows(source);
  BenchmarkBuilder builder(kind, source);
  Benchmark& benchmark = builder.benchmark();
  benchmark.lettered = true;
  benchmark.statement_prompt = "a photo of ";  // as MMVP-VLM's
  if (!options.root.empty()) benchmark.root = options.root;
  std::size_t with_statement = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    Question item = ItemOf(rows, i);
    if (!item.statement.empty()) ++with_statement;
    EYECHART_REQUIRE(with_statement == 0 || with_statement == i + 1,
                     "{}: statement is empty, where other rows have one",
                     rows.Where(item.statement.empty() ? i : 0));
    if (reading == Reading::kNone && item.value)
      reading = ReadingNamed(item.pattern);
    const std::string path(Trimmed(rows.Get(i, "path")));
    EYECHART_REQUIRE(!path.empty() || !options.pictures,
                     "{}: \"path\" is empty", rows.Where(i));
    item.picture = builder.AddPicture(path.empty() ? item.id : path);
    builder.Add(std::move(item), rows.Number(i));
  }
  benchmark.reading = reading;
  return std::move(builder).Finish();
}

}  // namespace

bool LooksGenerated(const fs::path& source) {
  std::error_code error;
  return fs::is_regular_file(source.parent_path() / kManifest, error) &&
         LooksLikeQuestions(source);
}

Benchmark ReadGenerated(const fs::path& source, const ReadOptions& options) {
  const fs::path path = source.parent_path() / kManifest;
  const Json manifest = ReadJsonFile(path);
  EYECHART_REQUIRE(manifest.is_object(), "{}: should be an object",
                   path.string());
  const std::string where = path.string();
  const auto kind = JsonGet<std::string>(manifest, "kind", where);
  Benchmark benchmark = Read("generated", source, options, ReadingNamed(kind));
  const auto wanted = JsonGetOr<std::string>(manifest, "questions_sha256",
                                             std::string(), where);
  if (!wanted.empty() && wanted != benchmark.questions_sha256)
    benchmark.warnings.push_back(
        fmt::format("{}: has changed since it was generated ({} says another "
                    "questions_sha256)",
                    source.string(), kManifest));
  return benchmark;
}

bool LooksLikeQuestions(const fs::path& source) {
  return FirstRowHas(source, {"id", "path", "question"}) ||
         FirstRowHas(source, {"id", "path", "statement"});
}

Benchmark ReadQuestions(const fs::path& source, const ReadOptions& options) {
  Benchmark benchmark = Read("questions", source, options, Reading::kNone);
  benchmark.name = source.stem().string();
  return benchmark;
}

}  // namespace eyechart::multiple_choice::internal
