#include "reports/gate/explain.h"

#include <algorithm>
#include <array>
#include <set>
#include <span>
#include <string_view>

#include "core/error.h"
#include "core/hash.h"
#include "core/metrics.h"
#include "core/text.h"
#include "reports/gate/environments.h"
#include "reports/gate/join_turns.h"
#include "reports/methods.h"

namespace eyechart::reports {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kNamed = 5;  // cells in an error

std::vector<std::string> CellsOf(const RunFolder& run) {
  std::vector<std::string> cells;
  std::set<std::string> seen;
  for (const Record& record : run.records)
    if (seen.insert(record.cell).second) cells.push_back(record.cell);
  return cells;
}

std::string Listed(std::vector<std::string> names) {
  const std::size_t more = names.size() > kNamed ? names.size() - kNamed : 0;
  if (more > 0) names.resize(kNamed);
  std::string text = fmt::format("{}", fmt::join(names, ", "));
  if (more > 0) text += fmt::format(" and {} more", more);
  return text;
}

// Why the gate took a test, by how the test's name begins.
struct TestNote {
  std::string_view begins;
  std::string_view why;
};
constexpr std::array kTestNotes = {
    TestNote{
        "mcnemar",
        "both runs answered the same items, right or wrong: only the items "
        "that flipped tell the runs apart, and under no difference each "
        "flips either way with probability 1/2"},
    TestNote{"sign-flip",
             "both runs have a value for each of the same items: what an item "
             "adds to both runs cancels in its difference"},
    TestNote{"signed-rank",
             "the runs took turns on one machine: what disturbs one turn of a "
             "pair tends to disturb the other, and cancels in their ratio"},
    TestNote{
        "unpaired: mann-whitney",
        "samples of both runs, not interleaved: ranks need no assumption "
        "on a latency's long tail, but what differs from run to run counts "
        "as a change unless noise.json knows it"},
    TestNote{"unpaired, intervals",
             "nothing but each run's own interval: far blunter than items or "
             "pairs in common"},
    TestNote{"unpaired: noise",
             "single values, held against what runs of one build differ by "
             "(noise.json)"},
    TestNote{"exact values", "counts without noise: the values decide"},
};

std::string WhyTest(std::string_view test) {
  for (const TestNote& note : kTestNotes)
    if (test.starts_with(note.begins)) return std::string(note.why);
  return "";
}

ExplainedMetric ExplainMetric(const Record& record) {
  ExplainedMetric explained;
  explained.record = record;
  // Not FindMetric: a newer eyechart may have written the record.
  for (const Metric& metric : Metrics()) {
    if (metric.name != record.metric) continue;
    explained.what = metric.what;
    explained.source = metric.source;
  }
  if (record.ci) {
    RunFolder alone;
    alone.records = {record};
    for (const EstimatorNote& note :
         EstimatorsUsed(std::span<const RunFolder>(&alone, 1)))
      explained.estimator = note.what.empty() ? note.name : note.what;
  }
  return explained;
}

// environment.json or environment-<hash>.json of a record, command included.
Json EnvironmentOf(const RunFolder& run, const std::string& hash) {
  const fs::path other = run.path / fmt::format("environment-{}.json", hash);
  if (!hash.empty() && fs::exists(other)) return ReadJsonFile(other);
  return run.environment;
}

std::string Quoted(const std::string& text) {
  std::string quoted = "'";
  for (const char c : text)
    if (c == '\'')
      quoted += "'\\''";
    else
      quoted += c;
  quoted += '\'';
  return quoted;
}

// The settings at the end of a cell's name.
std::set<std::string> WordsOfName(const std::string& cell) {
  std::set<std::string> words;
  std::size_t begin = cell.rfind('/') + 1;
  while (begin < cell.size()) {
    const std::size_t end = std::min(cell.find(',', begin), cell.size());
    words.insert(cell.substr(begin, end - begin));
    begin = end + 1;
  }
  words.erase("default");
  return words;
}

// The detect cell of the run that `text`, a suite's `detector_cell`, means for
// `record`: {encoder} is the record's, and the words that an encoder's grid
// adds (dtype, resolution ...) are those that the record's setting has, too.
std::string DetectCellOf(const RunFolder& run,
                         const Record& record,
                         const std::string& text) {
  constexpr std::string_view kEncoder = "{encoder}";
  std::string wanted = text;
  const std::size_t at = wanted.find(kEncoder);
  if (at == std::string::npos) return wanted;
  wanted.replace(at, kEncoder.size(), record.encoder);
  const std::set<std::string> asked = WordsOfName(wanted);
  std::set<std::string> allowed = asked;
  for (const char* key : {"alpha", "decode", "device", "dtype", "orient",
                          "pool", "resolution", "tf32"})
    if (const auto found = record.setting.find(key);
        found != record.setting.end())
      allowed.insert(found->first + "=" + found->second);
  const std::string beginning = wanted.substr(0, wanted.rfind('/') + 1);
  std::size_t most = asked.size();
  for (const Record& one : run.records) {
    if (one.task != "detect" ||
        one.cell.substr(0, one.cell.rfind('/') + 1) != beginning)
      continue;
    const std::set<std::string> words = WordsOfName(one.cell);
    if (words.size() <= most || !std::ranges::includes(words, asked) ||
        !std::ranges::includes(allowed, words))
      continue;
    most = words.size();
    wanted = one.cell;
  }
  return wanted;
}

// The cells that measuring `owner` needs, itself last: the detect cells whose
// heads it takes from the same run folder.
std::vector<std::string> CellsToRepeat(const RunFolder& run,
                                       const std::string& owner) {
  std::vector<std::string> cells;
  for (const Record& record : run.records) {
    if (record.cell != owner) continue;
    for (const char* key : {"detector_cell", "beside_cell"}) {
      const auto found = record.setting.find(key);
      if (found == record.setting.end()) continue;
      std::string cell = DetectCellOf(run, record, found->second);
      if (std::ranges::find(cells, cell) == cells.end())
        cells.push_back(std::move(cell));
    }
    break;
  }
  cells.push_back(owner);
  return cells;
}

// The run's own command with this cell in the place of its filter. `run` takes
// one filter: what the cell needs goes before it into the same folder, in a
// command of its own. Other commands measure one thing and take no filter.
std::string RepeatOf(const RunFolder& run,
                     const Json& environment,
                     const std::string& owner) {
  std::string command;
  if (environment.is_object())
    command = JsonGetOr<std::string>(environment, "command", "",
                                     (run.path / "environment.json").string());
  if (command.empty())
    command = fmt::format("eyechart run {} --out NEW_FOLDER",
                          (run.path / "suite.toml").string());
  if (!command.starts_with("eyechart run ")) return command;
  constexpr std::string_view kFilter = " --filter '";
  if (const std::size_t at = command.find(kFilter); at != std::string::npos) {
    const std::size_t end = command.find('\'', at + kFilter.size());
    if (end != std::string::npos) command.erase(at, end + 1 - at);
  }
  std::vector<std::string> commands;
  for (const std::string& cell : CellsToRepeat(run, owner))
    commands.push_back(command + " --filter " + Quoted(cell));
  return fmt::format("{}", fmt::join(commands, " && "));
}

std::string BaselineCell(const Policy& policy, const std::string& cell) {
  for (const auto& [before, after] : policy.aliases)
    if (after == cell) return before;
  return cell;
}

void AddBaseline(const RunFolder& run,
                 const RunFolder& baseline,
                 const Policy& policy,
                 Explanation& explanation) {
  explanation.has_baseline = true;
  const std::string before = BaselineCell(policy, explanation.cell);
  GateResult result =
      JudgeRuns(baseline, run, policy, ReadNoise(baseline.path));
  explanation.tested = result.tested;
  explanation.warnings = std::move(result.warnings);
  for (ExplainedMetric& metric : explanation.metrics)
    for (GateCell& cell : result.cells)
      if (cell.cell == before && cell.metric == metric.record.metric) {
        metric.why_test = WhyTest(cell.test);
        metric.gate = std::move(cell);
      }
  explanation.flipped =
      CompareOutcomes(baseline.path, before, run.path, explanation.cell);
  const Record* old = nullptr;
  for (const Record& record : baseline.records)
    if (record.cell == before) old = &record;
  if (old == nullptr) return;
  // All that differs, whether or not the policy minds.
  Policy strict;
  strict.may_differ.clear();
  explanation.environment_differences = EnvironmentDifferences(
      EnvironmentsOf(baseline), old->environment, EnvironmentsOf(run),
      explanation.metrics.front().record.environment, strict,
      /*lacking=*/true);
}

}  // namespace

std::string FindCell(const RunFolder& run, const std::string& name) {
  const std::vector<std::string> cells = CellsOf(run);
  std::vector<std::string> fitting;
  for (const std::string& cell : cells) {
    if (cell == name) return cell;
    if (GlobMatch(name, cell) || cell.find(name) != std::string::npos)
      fitting.push_back(cell);
  }
  EYECHART_REQUIRE(fitting.size() <= 1,
                   "{}: \"{}\" fits {} cells: {}; give more of the name",
                   run.path.string(), name, fitting.size(), Listed(fitting));
  if (fitting.size() == 1) return fitting.front();
  EYECHART_REQUIRE(!cells.empty(), "{}: records.jsonl holds no record",
                   run.path.string());
  std::vector<std::string> nearest = cells;
  std::ranges::stable_sort(nearest, {}, [&name](const std::string& cell) {
    return EditDistance(name, cell);
  });
  nearest.resize(std::min<std::size_t>(nearest.size(), 3));
  ThrowInput("{}: no cell \"{}\"; the nearest of {} are {}", run.path.string(),
             name, cells.size(), Listed(nearest));
}

Explanation Explain(const RunFolder& run,
                    const RunFolder* baseline,
                    const Policy& policy,
                    const ExplainOptions& options) {
  Explanation explanation;
  explanation.cell = FindCell(run, options.cell);
  std::vector<std::string> names;
  for (const Record& record : run.records) {
    if (record.cell != explanation.cell) continue;
    names.push_back(record.metric);
    if (options.metric.empty() || options.metric == record.metric)
      explanation.metrics.push_back(ExplainMetric(record));
  }
  EYECHART_REQUIRE(!explanation.metrics.empty(),
                   "--metric {}: {} has no such result{}; it has {}",
                   options.metric, explanation.cell,
                   DidYouMean(options.metric, names), fmt::join(names, ", "));
  explanation.samples = SummarizeSamples(run.path, explanation.cell);
  explanation.outcomes = SummarizeOutcomes(run.path, explanation.cell);
  explanation.environment =
      EnvironmentOf(run, explanation.metrics.front().record.environment);
  explanation.repeat = RepeatOf(run, explanation.environment,
                                OwnersOf(run.records).at(explanation.cell));
  if (baseline != nullptr) AddBaseline(run, *baseline, policy, explanation);
  return explanation;
}

}  // namespace eyechart::reports
