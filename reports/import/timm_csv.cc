#include "reports/import/timm_csv.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include "core/csv.h"
#include "core/error.h"
#include "core/files.h"
#include "core/text.h"
#include "reports/import/import_parts.h"

namespace eyechart::reports {
namespace {

namespace fs = std::filesystem;

// A column whose values become records.
struct ValueColumn {
  std::string_view column;
  std::string_view task;
  std::string_view metric;
  double scale;  // of the file's unit in ours
  std::string_view unit;
  Direction direction;
};

constexpr std::array kValues = {
    ValueColumn{"top1", "classify", "top1", 0.01, "1", Direction::kHigher},
    ValueColumn{"top5", "classify", "top5", 0.01, "1", Direction::kHigher},
    ValueColumn{"infer_samples_per_sec", "infer", "infer_samples_per_sec", 1,
                "images/s", Direction::kHigher},
    ValueColumn{"infer_step_time", "infer", "infer_step_time", 1, "ms",
                Direction::kLower},
};

// Columns that say how a model was run: settings.
constexpr std::array<std::pair<std::string_view, std::string_view>, 6>
    kSettings = {{{"img_size", "img_size"},
                  {"infer_img_size", "img_size"},
                  {"infer_batch_size", "batch"},
                  {"crop_pct", "crop_pct"},
                  {"interpolation", "interpolation"},
                  {"param_count", "param_count"}}};

// "1,014.45" as 1014.45: commas only between groups of three digits.
std::optional<double> ThousandsToDouble(const std::string& text) {
  std::string plain;
  const std::size_t point = std::min(text.find('.'), text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != ',') {
      plain += text[i];
      continue;
    }
    if (i == 0 || i > point || (point - i) % 4 != 0) return std::nullopt;
  }
  return ParseDouble(plain);
}

std::string DatasetOf(const fs::path& file) {
  const std::string stem = file.stem().string();
  constexpr std::string_view kPrefix = "results-";
  return stem.starts_with(kPrefix) ? stem.substr(kPrefix.size()) : stem;
}

// Parameters, from timm's millions or from a plain count.
std::string ParametersText(double value) {
  return fmt::format("{:.0f}", value < 1e6 ? value * 1e6 : value);
}

class TimmCsvImporter : public Importer {
 public:
  RunFolder Import(const fs::path& file) const override {
    const std::string text = ReadFile(file);
    const CsvTable csv = CsvTable::Parse(text, file.string());
    RunFolder table = ImportedTable(file.stem().string(),
                                    SourceOfFile("timm results", file, text));
    table.path = file;
    const std::size_t model = csv.Column("model");
    EYECHART_REQUIRE(
        std::ranges::any_of(kValues,
                            [&csv](const ValueColumn& value) {
                              return csv.FindColumn(value.column).has_value();
                            }),
        "{}: no column top1, top5, infer_samples_per_sec or infer_step_time",
        file.string());
    for (std::size_t row = 0; row < csv.rows(); ++row) {
      ImportedValue value;
      value.encoder = csv.at(row, model);
      EYECHART_REQUIRE(!value.encoder.empty(), "{}: row {}: no model",
                       file.string(), row + 2);
      value.dataset = DatasetOf(file);
      value.setting = Settings(csv, row, file);
      for (const ValueColumn& column : kValues) {
        const std::optional<double> number =
            Number(csv, row, column.column, file);
        if (!number) continue;
        EYECHART_REQUIRE(
            *number >= 0 && *number * column.scale <= Limit(column),
            "{}: row {}: {} is {}; per cent should be 0 to 100", file.string(),
            row + 2, column.column, *number);
        value.task = column.task;
        value.metric = column.metric;
        value.value = *number * column.scale;
        value.unit = column.unit;
        value.direction = column.direction;
        AddImported(table, value);
      }
    }
    return table;
  }

 private:
  static double Limit(const ValueColumn& column) {
    return column.unit == "1" ? 1 : HUGE_VAL;
  }

  // None where the column is missing or the field is empty.
  static std::optional<double> Number(const CsvTable& csv,
                                      std::size_t row,
                                      std::string_view column,
                                      const fs::path& file) {
    const auto at = csv.FindColumn(column);
    if (!at || csv.at(row, *at).empty()) return std::nullopt;
    const std::optional<double> number = ThousandsToDouble(csv.at(row, *at));
    EYECHART_REQUIRE(number && std::isfinite(*number),
                     "{}: row {}: {} \"{}\": should be a number", file.string(),
                     row + 2, column, csv.at(row, *at));
    return number;
  }

  static std::map<std::string, std::string> Settings(const CsvTable& csv,
                                                     std::size_t row,
                                                     const fs::path& file) {
    std::map<std::string, std::string> setting;
    for (const auto& [column, name] : kSettings) {
      const auto at = csv.FindColumn(column);
      if (!at || csv.at(row, *at).empty()) continue;
      std::string text = csv.at(row, *at);
      if (column == "param_count")
        text = ParametersText(*Number(csv, row, column, file));
      setting[std::string(name)] = std::move(text);
    }
    return setting;
  }
};

}  // namespace

std::unique_ptr<Importer> MakeTimmCsvImporter() {
  return std::make_unique<TimmCsvImporter>();
}

bool IsTimmCsv(std::string_view text) {
  const std::string_view line = text.substr(0, text.find('\n'));
  try {
    const CsvTable head = CsvTable::Parse(line, "");
    return head.FindColumn("model") &&
           (head.FindColumn("top1") ||
            head.FindColumn("infer_samples_per_sec"));
  } catch (const InputError&) {
    return false;
  }
}

}  // namespace eyechart::reports
