#include <map>
#include <optional>
#include <set>
#include <system_error>
#include <utility>

#include "core/error.h"
#include "core/text.h"
#include "probes/multiple_choice/benchmark_builder.h"
#include "probes/multiple_choice/mmvp_errata.h"
#include "probes/multiple_choice/option_parser.h"
#include "probes/multiple_choice/readers.h"
#include "probes/multiple_choice/rows.h"
#include "probes/multiple_choice/words.h"

namespace eyechart::multiple_choice::internal {
namespace {

namespace fs = std::filesystem;

// The released header says "lndex", with the letter l.
constexpr const char* kIndexNames[] = {"lndex", "Index", "index"};

std::string IndexColumn(const Rows& rows, const std::string& source) {
  for (const char* name : kIndexNames)
    if (rows.size() > 0 && rows.Has(0, name)) return name;
  ThrowInput("{}: no column \"lndex\" or \"Index\"", source);
}

// "(a) Open (b) Closed" as its texts.
std::vector<std::string> SplitOptions(const std::string& text,
                                      const std::string& where) {
  std::vector<std::size_t> marks;
  for (std::size_t from = 0;;) {
    const std::string mark = OptionMark(static_cast<int>(marks.size()));
    const std::size_t place = text.find(mark, from);
    if (place == std::string::npos) break;
    marks.push_back(place);
    from = place + mark.size();
  }
  EYECHART_REQUIRE(marks.size() >= 2 && Trimmed(text.substr(0, marks[0])) == "",
                   "{}: Options \"{}\": should be of the form \"(a) Open (b) "
                   "Closed\"",
                   where, text);
  std::vector<std::string> options;
  for (std::size_t i = 0; i < marks.size(); ++i) {
    const std::size_t end = i + 1 < marks.size() ? marks[i + 1] : text.size();
    const std::size_t begin = marks[i] + 3;
    options.emplace_back(Trimmed(text.substr(begin, end - begin)));
    EYECHART_REQUIRE(!options.back().empty(),
                     "{}: Options \"{}\": option {} is empty", where, text,
                     OptionMark(static_cast<int>(i)));
  }
  return options;
}

// "1-4, 7" of rising numbers.
std::string Ranges(const std::vector<std::int64_t>& numbers) {
  std::string text;
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const std::int64_t first = numbers[i];
    while (i + 1 < numbers.size() && numbers[i + 1] == numbers[i] + 1) ++i;
    if (!text.empty()) text += ", ";
    text += std::to_string(first);
    if (numbers[i] > first) text += "-" + std::to_string(numbers[i]);
  }
  return text;
}

// `eyechart mine --questions` leaves them to people.
void RequireWritten(const Rows& rows,
                    const std::string& index,
                    const std::string& source) {
  std::set<std::int64_t> unwritten;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto empty = [&](const char* field) {
      return rows.Has(i, field) && Trimmed(rows.Get(i, field)).empty();
    };
    if (!empty("Question") || !empty("Options") || !empty("Correct Answer"))
      continue;
    if (const auto id = ParseInt(Trimmed(rows.Get(i, index))))
      unwritten.insert(*id);
  }
  EYECHART_REQUIRE(
      unwritten.empty(),
      "{}: {} of its {} questions are still to be written: {}; each needs a "
      "Question, Options such as \"(a) Open (b) Closed\" and the Correct "
      "Answer, such as \"(a)\"; a pair that none fits goes with both its rows",
      source, unwritten.size(), rows.size(),
      Ranges({unwritten.begin(), unwritten.end()}));
}

// What `eyechart mine --questions` writes beside its questions. Their numbers
// are nobody else's, so that MMVP's errata are not for them.
bool IsMined(const fs::path& source) {
  std::error_code error;
  return fs::is_regular_file(source.parent_path() / "sources.csv", error);
}

}  // namespace

bool LooksLikeMmvp(const fs::path& source) {
  for (const char* name : kIndexNames)
    if (FirstRowHas(source, {name, "Question", "Options", "Correct Answer"}))
      return true;
  return false;
}

Benchmark ReadMmvp(const fs::path& source, const ReadOptions& options) {
  const Rows rows(source);
  BenchmarkBuilder builder("mmvp", source);
  Benchmark& benchmark = builder.benchmark();
  benchmark.lettered = true;
  const bool has_errata = !IsMined(source);
  if (has_errata) {
    benchmark.labels = options.labels;
    benchmark.errata = kMmvpErrataVersion;
  }
  if (!options.root.empty()) benchmark.root = options.root;
  const std::string folder = FolderLike(benchmark.root, {"MMVP Images"});
  const std::string index = IndexColumn(rows, source.string());
  RequireWritten(rows, index, source.string());

  std::map<std::int64_t, std::pair<Question, std::size_t>> by_id;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::string text = rows.Require(i, index);
    const std::optional<std::int64_t> id = ParseInt(text);
    EYECHART_REQUIRE(id && *id >= 1, "{}: {} \"{}\": should be a number from 1",
                     rows.Where(i), index, text);
    Question item;
    item.id = std::to_string(*id);
    item.pair = std::to_string((*id + 1) / 2);
    item.question = rows.Require(i, "Question");
    item.options = SplitOptions(rows.Require(i, "Options"), rows.Where(i));
    const std::string label = rows.Require(i, "Correct Answer");
    const ParsedAnswer answer = ParseOption(label, item.options);
    EYECHART_REQUIRE(answer.option.has_value(),
                     "{}: Correct Answer \"{}\": should be one of its {} "
                     "options, such as \"(a)\"",
                     rows.Where(i), label, item.options.size());
    item.answer = *answer.option;
    if (has_errata && options.labels == "corrected")
      item.answer = MmvpCorrection(*id).value_or(item.answer);
    const auto [entry, fresh] =
        by_id.emplace(*id, std::pair(std::move(item), rows.Number(i)));
    EYECHART_REQUIRE(fresh, "{}: {} {} stands in row {} already", rows.Where(i),
                     index, *id, entry->second.second);
  }
  EYECHART_REQUIRE(by_id.size() % 2 == 0,
                   "{}: {} rows: an odd number; pairs are the ids 1 and 2, 3 "
                   "and 4, ...",
                   source.string(), by_id.size());
  for (auto& [id, entry] : by_id) {
    Question& item = entry.first;
    item.picture = builder.AddPicture(
        PicturePath(benchmark.root, folder, item.id), item.id);
    builder.Add(std::move(item), entry.second);
  }
  Benchmark whole = std::move(builder).Finish();
  for (const auto& [first, second] : whole.pairs) {
    const Question& a = whole.items[first];
    const Question& b = whole.items[second];
    // One constant answer would get such a pair right.
    if (a.question == b.question && a.options == b.options &&
        a.answer == b.answer)
      whole.warnings.push_back(fmt::format(
          "{}: ids {} and {} are a pair with the same question and the same "
          "right answer",
          source.string(), a.id, b.id));
  }
  return whole;
}

}  // namespace eyechart::multiple_choice::internal
