#include "reports/patterns.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <map>
#include <numeric>
#include <string_view>
#include <tuple>
#include <utility>

#include "core/csv.h"

namespace eyechart::reports {
namespace {

// In the order of columns; of the first two a cell gives one.
constexpr std::array<std::string_view, 3> kMetrics = {
    "pair_accuracy", "item_accuracy", "mined_share"};

// A setting of an `ask` record that says that words were scored.
bool InWords(const PatternColumn& column) {
  return column.how == "text-to-image" || column.how == "image-to-text";
}

std::string PatternSettingOf(const Record& record, const std::string& key) {
  const auto it = record.setting.find(key);
  return it == record.setting.end() ? "" : it->second;
}

std::string HowOf(const Record& record) {
  if (record.metric != "mined_share")
    return PatternSettingOf(record, "scoring");
  const std::string near_min = PatternSettingOf(record, "near_min");
  const std::string far_max = PatternSettingOf(record, "far_max");
  if (near_min.empty() && far_max.empty()) return "mined";
  return fmt::format("mined, near > {}, far < {}",
                     near_min.empty() ? "0.95" : near_min,
                     far_max.empty() ? "0.6" : far_max);
}

// The cell that a pattern's record belongs to: the same without the pattern.
const Record* WholeOf(const RunFolder& run, const Record& record) {
  for (const Record& other : run.records) {
    if (other.encoder != record.encoder || other.task != record.task ||
        other.dataset != record.dataset || other.setting.contains("pattern"))
      continue;
    std::map<std::string, std::string> setting = record.setting;
    setting.erase("pattern");
    if (other.setting == setting) return &other;
  }
  return nullptr;
}

bool Wanted(const Record& record) {
  return record.setting.contains("pattern") &&
         std::find(kMetrics.begin(), kMetrics.end(), record.metric) !=
             kMetrics.end();
}

std::size_t IndexIn(std::vector<std::string>& names, const std::string& name) {
  const auto it = std::find(names.begin(), names.end(), name);
  if (it != names.end()) return static_cast<std::size_t>(it - names.begin());
  names.push_back(name);
  return names.size() - 1;
}

PatternTable& TableOf(std::vector<PatternTable>& tables,
                      const std::string& dataset) {
  for (PatternTable& table : tables)
    if (table.dataset == dataset) return table;
  tables.push_back({dataset, {}, {}, {}, {}, {}});
  return tables.back();
}

void AddOutcomes(const RunFolder& run,
                 std::size_t index,
                 const Record& record,
                 PatternTable& table) {
  PatternColumn column;
  column.run = index;
  column.encoder = record.encoder;
  column.metric = record.metric;
  column.how = HowOf(record);
  const Record* whole = WholeOf(run, record);
  if (whole != nullptr) column.cell = whole->cell;
  const auto same = std::find_if(table.columns.begin(), table.columns.end(),
                                 [&](const PatternColumn& other) {
                                   return other.run == column.run &&
                                          other.encoder == column.encoder &&
                                          other.metric == column.metric &&
                                          other.cell == column.cell;
                                 });
  PatternColumn& place = same == table.columns.end()
                             ? table.columns.emplace_back(std::move(column))
                             : *same;
  const std::size_t pattern =
      IndexIn(table.patterns, record.setting.at("pattern"));
  place.values.resize(std::max(place.values.size(), pattern + 1), nullptr);
  place.values[pattern] = &record;
}

// Whether both answers of a pair are right, and how many of how many.
struct PairOutcome {
  bool right = false;
  std::int64_t answers = 0;  // 0: the file does not say which were right
  std::int64_t right_answers = 0;

  double share() const {
    return static_cast<double>(right_answers) / static_cast<double>(answers);
  }
};

// A cell's pairs by pattern and name.
using PairOutcomes = std::map<std::pair<std::string, std::string>, PairOutcome>;

PairOutcomes ReadPairs(const RunFolder& run, const std::string& cell) {
  PairOutcomes pairs;
  const std::filesystem::path path =
      run.path / "outcomes" / (CellSlug(cell) + ".csv");
  if (cell.empty() || !std::filesystem::exists(path)) return pairs;
  const CsvTable table = CsvTable::ReadFile(path);
  const std::size_t pair = table.Column("pair");
  const std::size_t pattern = table.Column("pattern");
  const std::size_t both = table.Column("pair_correct");
  const std::optional<std::size_t> one = table.FindColumn("correct");
  for (std::size_t row = 0; row < table.rows(); ++row) {
    if (table.at(row, pair).empty() || table.at(row, both).empty()) continue;
    PairOutcome& outcome = pairs[{table.at(row, pattern), table.at(row, pair)}];
    outcome.right = table.at(row, both) == "1";
    if (!one || table.at(row, *one).empty()) continue;
    ++outcome.answers;
    if (table.at(row, *one) == "1") ++outcome.right_answers;
  }
  return pairs;
}

// The answers of `column`, less those of `words` where that is another.
void AddAnswers(const PairOutcomes& words,
                const PairOutcomes& own,
                std::size_t column,
                PatternTable& table) {
  for (const std::string& pattern : table.patterns) {
    std::vector<double> shares, differences;
    for (const auto& [name, outcome] : own) {
      if (name.first != pattern || outcome.answers == 0) continue;
      const auto other = words.find(name);
      if (other == words.end() || other->second.answers == 0) continue;
      shares.push_back(outcome.share());
      differences.push_back(outcome.share() - other->second.share());
    }
    if (shares.empty()) continue;
    const auto mean = [](const std::vector<double>& values) {
      return std::accumulate(values.begin(), values.end(), 0.0) /
             static_cast<double>(values.size());
    };
    PatternAnswers row;
    row.pattern = pattern;
    row.column = column;
    row.pairs = static_cast<std::int64_t>(shares.size());
    row.right = mean(shares);
    row.ci = BootstrapMeanInterval(shares, /*seed=*/0);
    if (column != table.words) {
      row.difference = mean(differences);
      row.difference_ci = BootstrapMeanInterval(differences, /*seed=*/0);
    }
    table.answers.push_back(row);
  }
}

void ComparePatterns(const PairOutcomes& first,
                     const PairOutcomes& second,
                     std::pair<std::size_t, std::size_t> columns,
                     PatternTable& table) {
  for (const std::string& pattern : table.patterns) {
    std::int64_t both = 0, neither = 0;
    PatternComparison row;
    row.pattern = pattern;
    std::tie(row.first, row.second) = columns;
    for (const auto& [name, outcome] : first) {
      if (name.first != pattern) continue;
      const auto found = second.find(name);
      if (found == second.end()) continue;
      const bool right = outcome.right, other = found->second.right;
      ++row.pairs;
      if (right && other) ++both;
      if (right && !other) ++row.only_first;
      if (!right && other) ++row.only_second;
      if (!right && !other) ++neither;
    }
    if (row.pairs == 0) continue;
    row.difference = static_cast<double>(row.only_second - row.only_first) /
                     static_cast<double>(row.pairs);
    row.ci = PairedDifferenceInterval(both, row.only_first, row.only_second,
                                      neither);
    row.p = McNemarExactP(row.only_first, row.only_second);
    table.comparisons.push_back(row);
  }
}

void AddComparisons(std::span<const RunFolder> runs, PatternTable& table) {
  const auto words =
      std::find_if(table.columns.begin(), table.columns.end(), InWords);
  if (words == table.columns.end()) return;
  const auto first = static_cast<std::size_t>(words - table.columns.begin());
  table.words = first;
  const PairOutcomes outcomes = ReadPairs(runs[words->run], words->cell);
  AddAnswers(outcomes, outcomes, first, table);
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    const PatternColumn& column = table.columns[i];
    if (i == first || column.metric != words->metric) continue;
    const PairOutcomes other = ReadPairs(runs[column.run], column.cell);
    ComparePatterns(outcomes, other, {first, i}, table);
    AddAnswers(outcomes, other, i, table);
  }
}

}  // namespace

ChanceVerdict VerdictOf(const PatternAnswers& answers) {
  if (answers.ci.low > 0.5) return ChanceVerdict::kAbove;
  if (answers.ci.high < 0.5) return ChanceVerdict::kBelow;
  return ChanceVerdict::kNear;
}

std::vector<PatternTable> MakePatternTables(std::span<const RunFolder> runs) {
  std::vector<PatternTable> tables;
  for (const std::string_view metric : kMetrics)
    for (std::size_t i = 0; i < runs.size(); ++i)
      for (const Record& record : runs[i].records) {
        if (!Wanted(record) || record.metric != metric) continue;
        PatternTable& table = TableOf(tables, record.dataset);
        // Where there are pairs, items by themselves would say it twice.
        const bool twice =
            metric == "item_accuracy" &&
            std::any_of(table.columns.begin(), table.columns.end(),
                        [&](const PatternColumn& column) {
                          return column.run == i &&
                                 column.metric == "pair_accuracy" &&
                                 column.encoder == record.encoder;
                        });
        if (!twice) AddOutcomes(runs[i], i, record, table);
      }
  for (PatternTable& table : tables) {
    for (PatternColumn& column : table.columns)
      column.values.resize(table.patterns.size(), nullptr);
    AddComparisons(runs, table);
  }
  return tables;
}

}  // namespace eyechart::reports
