#include "probes/multiple_choice/rows.h"

#include <algorithm>
#include <utility>

#include "core/csv.h"
#include "core/error.h"
#include "core/files.h"
#include "core/json.h"
#include "probes/multiple_choice/words.h"

namespace eyechart::multiple_choice {
namespace {

std::string Extension(const std::filesystem::path& path) {
  return PlainName(path.extension().string());
}

std::map<std::string, std::string> RowFromJson(const Json& json,
                                               const std::string& where) {
  EYECHART_REQUIRE(json.is_object(), "{}: should be an object of fields",
                   where);
  std::map<std::string, std::string> row;
  for (const auto& [key, value] : json.items()) {
    if (value.is_string())
      row[key] = value.get<std::string>();
    else if (value.is_number() || value.is_boolean())
      row[key] = CanonicalJson(value);
  }
  return row;
}

}  // namespace

Rows::Rows(const std::filesystem::path& source) : source_(source.string()) {
  const std::string extension = Extension(source);
  if (extension == ".jsonl") {
    const std::string text = ReadFile(source);
    std::size_t begin = 0;
    for (std::size_t line = 1; begin < text.size(); ++line) {
      const std::size_t end = std::min(text.find('\n', begin), text.size());
      const std::string_view part =
          Trimmed(std::string_view(text).substr(begin, end - begin));
      begin = end + 1;
      const std::string where = fmt::format("{}: row {}", source_, line);
      if (!part.empty())
        rows_.push_back(RowFromJson(ParseJson(part, where), where));
    }
    return;
  }
  if (extension == ".json") {
    const Json json = ReadJsonFile(source, DuplicateKeys::kRefuse);
    EYECHART_REQUIRE(json.is_array() || json.is_object(),
                     "{}: should be a list or an object of rows", source_);
    for (const auto& [key, value] : json.items()) {
      rows_.push_back(
          RowFromJson(value, fmt::format("{}: row {}", source_, key)));
      rows_.back().emplace("key", key);
    }
    return;
  }
  const CsvTable table = CsvTable::ReadFile(source);
  first_ = 2;  // behind the header
  for (std::size_t i = 0; i < table.rows(); ++i) {
    std::map<std::string, std::string> row;
    for (std::size_t c = 0; c < table.header().size(); ++c)
      row[std::string(Trimmed(table.header()[c]))] = table.at(i, c);
    rows_.push_back(std::move(row));
  }
}

bool Rows::Has(std::size_t row, const std::string& field) const {
  return rows_[row].contains(field);
}

std::string Rows::Get(std::size_t row, const std::string& field) const {
  const auto found = rows_[row].find(field);
  return found == rows_[row].end() ? "" : found->second;
}

std::string Rows::Require(std::size_t row, const std::string& field) const {
  EYECHART_REQUIRE(Has(row, field), "{}: no field \"{}\"", Where(row), field);
  const std::string value(Trimmed(Get(row, field)));
  EYECHART_REQUIRE(!value.empty(), "{}: \"{}\" is empty", Where(row), field);
  return value;
}

std::string Rows::Where(std::size_t row) const {
  return fmt::format("{}: row {}", source_, Number(row));
}

bool FirstRowHas(const std::filesystem::path& source,
                 const std::vector<std::string>& fields) {
  if (Extension(source) == ".json" || Extension(source) == ".jsonl") {
    const Rows rows(source);
    return rows.size() > 0 && std::all_of(fields.begin(), fields.end(),
                                          [&rows](const auto& field) {
                                            return rows.Has(0, field);
                                          });
  }
  // The header alone: what is wrong with a row is for the reader to say.
  const std::string text = ReadFile(source);
  const std::string_view line =
      std::string_view(text).substr(0, std::min(text.find('\n'), text.size()));
  const CsvTable table = CsvTable::Parse(line, source.string());
  return std::all_of(
      fields.begin(), fields.end(), [&table](const std::string& field) {
        return std::any_of(
            table.header().begin(), table.header().end(),
            [&field](const auto& name) { return Trimmed(name) == field; });
      });
}

}  // namespace eyechart::multiple_choice
