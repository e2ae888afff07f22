#include "reports/patterns.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <map>
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
  tables.push_back({dataset, {}, {}, {}});
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

// A cell's pairs by pattern and name, and whether both their items are right.
using PairOutcomes = std::map<std::pair<std::string, std::string>, bool>;

PairOutcomes ReadPairs(const RunFolder& run, const std::string& cell) {
  PairOutcomes pairs;
  const std::filesystem::path path =
      run.path / "outcomes" / (CellSlug(cell) + ".csv");
  if (cell.empty() || !std::filesystem::exists(path)) return pairs;
  const CsvTable table = CsvTable::ReadFile(path);
  const std::size_t pair = table.Column("pair");
  const std::size_t pattern = table.Column("pattern");
  const std::size_t correct = table.Column("pair_correct");
  for (std::size_t row = 0; row < table.rows(); ++row) {
    if (table.at(row, pair).empty() || table.at(row, correct).empty()) continue;
    pairs[{table.at(row, pattern), table.at(row, pair)}] =
        table.at(row, correct) == "1";
  }
  return pairs;
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
    for (const auto& [name, right] : first) {
      if (name.first != pattern) continue;
      const auto other = second.find(name);
      if (other == second.end()) continue;
      ++row.pairs;
      if (right && other->second) ++both;
      if (right && !other->second) ++row.only_first;
      if (!right && other->second) ++row.only_second;
      if (!right && !other->second) ++neither;
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
  const PairOutcomes outcomes = ReadPairs(runs[words->run], words->cell);
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    const PatternColumn& column = table.columns[i];
    if (i == first || column.metric != words->metric) continue;
    ComparePatterns(outcomes, ReadPairs(runs[column.run], column.cell),
                    {first, i}, table);
  }
}

}  // namespace

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
