#include "reports/references.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <string_view>
#include <utility>

#include "reports/comparison.h"

namespace eyechart::reports {
namespace {

using Setting = std::map<std::string, std::string>;

// Settings that set columns apart, not rows: one encoder has several of each.
constexpr std::array<std::string_view, 3> kColumnSettings = {"pattern", "probe",
                                                             "language"};

bool IsColumnSetting(const std::string& key) {
  return std::ranges::find(kColumnSettings, key) != kColumnSettings.end();
}

// Names as people write them: "ImageNet-1k" and "imagenet_1k" are one.
std::string Plain(std::string_view name) {
  std::string plain;
  for (const char c : name)
    if (std::isalnum(static_cast<unsigned char>(c)))
      plain += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return plain;
}

std::string TextOf(const Setting& setting) {
  std::vector<std::string> parts;
  for (const auto& [key, value] : setting) parts.push_back(key + " " + value);
  return fmt::format("{}", fmt::join(parts, ", "));
}

std::string TextIn(const Json& environment, const char* key) {
  const auto at = environment.find(key);
  return at != environment.end() && at->is_string() ? at->get<std::string>()
                                                    : "";
}

// A record's settings, as far as rows or columns go by them.
Setting ReferenceSettingOf(const Record& record, bool of_column) {
  Setting setting;
  for (const auto& [key, value] : record.setting)
    if (key != "source" && !key.ends_with("_sha256") &&
        IsColumnSetting(key) == of_column)
      setting[key] = value;
  return setting;
}

class TableMaker {
 public:
  TableMaker(const RunFolder& reference, std::span<const RunFolder> runs)
      : reference_(reference), runs_(runs) {}

  ReferenceTable Make() {
    table_.name = reference_.name;
    table_.title = TextIn(reference_.environment, "title");
    table_.source = TextIn(reference_.environment, "source");
    table_.note = TextIn(reference_.environment, "note");
    for (const Record& record : reference_.records) AddTheirs(record);
    SetColumnTexts();
    const std::vector<std::string> labels = RunLabels(runs_);
    for (std::size_t run = 0; run < runs_.size(); ++run)
      for (const Record& record : runs_[run].records)
        AddOurs(record, runs_.size() > 1 ? labels[run] + ": " : "");
    for (ReferenceRow& row : table_.rows) row.values.resize(columns_.size());
    std::ranges::stable_partition(table_.rows, &ReferenceRow::ours);
    return std::move(table_);
  }

 private:
  struct Column {
    std::string dataset;
    Setting setting;
  };

  void AddTheirs(const Record& record) {
    const Setting setting = ReferenceSettingOf(record, true);
    std::size_t column = 0;
    while (column < columns_.size() &&
           (table_.columns[column].metric != record.metric ||
            columns_[column].dataset != record.dataset ||
            columns_[column].setting != setting))
      ++column;
    if (column == columns_.size()) {
      columns_.push_back({record.dataset, setting});
      table_.columns.push_back(
          {record.metric, record.unit, record.direction, ""});
    }
    Put(record, column, record.encoder, false);
  }

  // Where the metric, the data set and the pattern are the same.
  void AddOurs(const Record& record, const std::string& label) {
    const auto pattern = [](const Setting& setting) {
      const auto at = setting.find("pattern");
      return at == setting.end() ? "" : Plain(at->second);
    };
    for (std::size_t i = 0; i < columns_.size(); ++i)
      if (record.value && table_.columns[i].metric == record.metric &&
          Plain(columns_[i].dataset) == Plain(record.dataset) &&
          pattern(columns_[i].setting) == pattern(record.setting) &&
          SameProbe(record, columns_[i].setting))
        Put(record, i, label + record.encoder, true);
  }

  // A column of one kind of read-out is no place for another's score; a run
  // says it in its setting or in its cell's task.
  static bool SameProbe(const Record& record, const Setting& column) {
    const auto at = column.find("probe");
    if (at == column.end()) return true;
    const auto own = record.setting.find("probe");
    return Plain(own == record.setting.end() ? record.task : own->second) ==
           Plain(at->second);
  }

  void Put(const Record& record,
           std::size_t column,
           const std::string& encoder,
           bool ours) {
    const std::string setting = TextOf(ReferenceSettingOf(record, false));
    const auto [place, is_new] =
        rows_.emplace(std::pair(encoder, setting), table_.rows.size());
    if (is_new) table_.rows.push_back({encoder, setting, ours, {}});
    auto& values = table_.rows[place->second].values;
    if (values.size() <= column) values.resize(column + 1);
    values[column] = &record;
  }

  void SetColumnTexts() {
    const bool one_dataset =
        std::ranges::all_of(columns_, [this](const Column& column) {
          return column.dataset == columns_.front().dataset;
        });
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      std::string& text = table_.columns[i].of;
      text = one_dataset ? "" : columns_[i].dataset;
      const std::string setting = TextOf(columns_[i].setting);
      if (!setting.empty()) text += (text.empty() ? "" : ", ") + setting;
    }
  }

  const RunFolder& reference_;
  std::span<const RunFolder> runs_;
  std::vector<Column> columns_;  // as table_.columns
  std::map<std::pair<std::string, std::string>, std::size_t> rows_;
  ReferenceTable table_;
};

}  // namespace

std::vector<ReferenceTable> MakeReferenceTables(
    std::span<const RunFolder> references, std::span<const RunFolder> runs) {
  std::vector<ReferenceTable> tables;
  for (const RunFolder& reference : references)
    tables.push_back(TableMaker(reference, runs).Make());
  return tables;
}

std::string SourceValueText(const NumberStyle& style, const Record& record) {
  if (!record.value || !style.shares().contains(record.metric))
    return style.Value(record);
  return fmt::format("{:.4g}%", *record.value * 100);
}

}  // namespace eyechart::reports
