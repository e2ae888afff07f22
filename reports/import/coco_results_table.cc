#include "reports/import/coco_results_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <vector>

#include "core/error.h"
#include "core/files.h"
#include "core/text.h"
#include "reports/import/import_parts.h"

namespace eyechart::reports {
namespace {

namespace fs = std::filesystem;

// What a column says, or the table for all columns.
constexpr std::array<std::string_view, 6> kColumnKeys = {
    "task", "dataset", "metric", "unit", "per_cent", "setting"};

void RequireKeys(const Json& object,
                 const std::vector<std::string>& known,
                 const std::string& where) {
  EYECHART_REQUIRE(object.is_object(), "{}: should be an object, is {}", where,
                   object.type_name());
  for (const auto& [key, value] : object.items())
    EYECHART_REQUIRE(std::ranges::find(known, key) != known.end(),
                     "{}: unknown key \"{}\"{}; known are {}", where, key,
                     DidYouMean(key, known), fmt::join(known, ", "));
}

const Json& List(const Json& object,
                 const char* key,
                 const std::string& where) {
  const auto at = object.find(key);
  EYECHART_REQUIRE(at != object.end() && at->is_array(),
                   "{}: \"{}\" should be a list", where, key);
  return *at;
}

std::map<std::string, std::string> SettingOf(const Json& object,
                                             const std::string& where) {
  std::map<std::string, std::string> setting;
  const auto at = object.find("setting");
  if (at == object.end()) return setting;
  EYECHART_REQUIRE(at->is_object(), "{}: setting should be an object of texts",
                   where);
  for (const auto& [key, value] : at->items()) {
    EYECHART_REQUIRE(key != "source", "{}: setting: source is the table's own",
                     where);
    setting[key] = JsonGet<std::string>(*at, key, where + ": setting");
  }
  return setting;
}

struct Column {
  ImportedValue value;  // all but encoder and value
  bool per_cent = false;
};

Column ColumnOf(const Json& table, const Json& json, const std::string& where) {
  RequireKeys(json, {kColumnKeys.begin(), kColumnKeys.end()}, where);
  const auto text = [&](const char* key, const char* fallback) {
    return JsonGetOr(
        json, key, JsonGetOr(table, key, std::string(fallback), where), where);
  };
  Column column;
  column.value.task = text("task", "");
  column.value.dataset = text("dataset", "");
  column.value.metric = text("metric", "");
  column.value.unit = text("unit", "1");
  for (const auto& [key, value] : {std::pair("task", column.value.task),
                                   std::pair("dataset", column.value.dataset),
                                   std::pair("metric", column.value.metric)})
    EYECHART_REQUIRE(!value.empty(), "{}: neither it nor the table has a {}",
                     where, key);
  column.value.setting = SettingOf(json, where);
  column.per_cent = JsonGetOr(
      json, "per_cent", JsonGetOr(table, "per_cent", false, where), where);
  return column;
}

void AddCocoRow(const Json& json,
                const std::vector<Column>& columns,
                const std::string& where,
                RunFolder& table) {
  RequireKeys(json, {"encoder", "setting", "values"}, where);
  const std::string encoder = JsonGet<std::string>(json, "encoder", where);
  const auto setting = SettingOf(json, where);
  const Json& values = List(json, "values", where);
  EYECHART_REQUIRE(values.size() == columns.size(),
                   "{} ({}): {} values, but there are {} columns", where,
                   encoder, values.size(), columns.size());
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (values[i].is_null()) continue;
    const std::string place =
        fmt::format("{} ({}): values[{}]", where, encoder, i);
    EYECHART_REQUIRE(values[i].is_number(), "{}: should be a number or null",
                     place);
    ImportedValue value = columns[i].value;
    value.encoder = encoder;
    value.setting.insert(setting.begin(), setting.end());
    value.value = values[i].get<double>();
    if (columns[i].per_cent) {
      EYECHART_REQUIRE(value.value >= 0 && value.value <= 100,
                       "{}: {} should be per cent, 0 to 100", place,
                       value.value);
      value.value /= 100;
    }
    AddImported(table, value);
  }
}

class ResultsTableImporter : public Importer {
 public:
  RunFolder Import(const fs::path& file) const override {
    RunFolder table = ParseResultsTable(ReadFile(file), file.string());
    table.path = file;
    return table;
  }
};

}  // namespace

RunFolder ParseResultsTable(std::string_view text, const std::string& where) {
  const Json json = ParseJson(text, where);
  std::vector<std::string> keys = {"schema", "name",    "source", "title",
                                   "note",   "columns", "rows"};
  for (const std::string_view key : kColumnKeys)
    if (key != "setting") keys.emplace_back(key);
  RequireKeys(json, keys, where);
  const int schema = JsonGet<int>(json, "schema", where);
  EYECHART_REQUIRE(schema == 1, "{}: schema {}: this eyechart reads 1", where,
                   schema);
  const std::string source = JsonGet<std::string>(json, "source", where);
  EYECHART_REQUIRE(source.find_first_not_of(" \t\n") != std::string::npos,
                   "{}: source is empty: say where the numbers are from",
                   where);
  RunFolder table =
      ImportedTable(JsonGet<std::string>(json, "name", where), source);
  for (const char* key : {"title", "note"})
    if (const std::string value =
            JsonGetOr<std::string>(json, key, std::string(), where);
        !value.empty())
      table.environment[key] = value;
  std::vector<Column> columns;
  for (const Json& column : List(json, "columns", where))
    columns.push_back(ColumnOf(
        json, column, fmt::format("{}: columns[{}]", where, columns.size())));
  std::size_t number = 0;
  for (const Json& row : List(json, "rows", where))
    AddCocoRow(row, columns, fmt::format("{}: rows[{}]", where, number++),
               table);
  return table;
}

std::unique_ptr<Importer> MakeResultsTableImporter() {
  return std::make_unique<ResultsTableImporter>();
}

bool IsResultsTable(std::string_view text) {
  const Json json = JsonOrNull(text);
  return json.is_object() && json.contains("source") &&
         json.contains("columns") && json.contains("rows");
}

}  // namespace eyechart::reports
