#include "core/csv.h"

#include <csv.h>

#include <algorithm>
#include <memory>

#include "core/error.h"
#include "core/files.h"
#include "core/text.h"

namespace eyechart {
namespace {

// What libcsv's two callbacks fill.
struct Collector {
  std::vector<std::vector<std::string>> rows;
  std::vector<std::string> row;
};

void OnField(void* data, std::size_t size, void* context) {
  auto* collector = static_cast<Collector*>(context);
  collector->row.emplace_back(static_cast<const char*>(data), size);
}

void OnRow(int, void* context) {
  auto* collector = static_cast<Collector*>(context);
  collector->rows.push_back(std::move(collector->row));
  collector->row.clear();
}

// libcsv trims blanks unless nothing is a blank.
int NoSpace(unsigned char) { return 0; }

}  // namespace

CsvTable CsvTable::Parse(std::string_view text, const std::string& source) {
  text = WithoutUtf8Mark(text);
  csv_parser parser;
  EYECHART_CHECK(csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI) == 0,
                 "libcsv cannot start");
  std::unique_ptr<csv_parser, void (*)(csv_parser*)> guard(&parser, csv_free);
  csv_set_space_func(&parser, NoSpace);
  Collector collector;
  const std::size_t used =
      csv_parse(&parser, text.data(), text.size(), OnField, OnRow, &collector);
  const bool whole =
      used == text.size() && csv_fini(&parser, OnField, OnRow, &collector) == 0;
  EYECHART_REQUIRE(whole, "{}: row {}: not valid CSV (a stray or open quote?)",
                   source, collector.rows.size() + 1);
  EYECHART_REQUIRE(!collector.rows.empty(),
                   "{}: empty; the first row should name the columns", source);
  CsvTable table;
  table.source_ = source;
  table.header_ = std::move(collector.rows.front());
  table.rows_.assign(std::make_move_iterator(collector.rows.begin() + 1),
                     std::make_move_iterator(collector.rows.end()));
  for (std::size_t i = 0; i < table.rows_.size(); ++i) {
    EYECHART_REQUIRE(table.rows_[i].size() == table.header_.size(),
                     "{}: row {}: {} fields where the header has {}", source,
                     i + 2, table.rows_[i].size(), table.header_.size());
  }
  return table;
}

CsvTable CsvTable::ReadFile(const std::filesystem::path& path) {
  return Parse(eyechart::ReadFile(path), path.string());
}

std::optional<std::size_t> CsvTable::FindColumn(std::string_view name) const {
  const auto it = std::find(header_.begin(), header_.end(), name);
  if (it == header_.end()) return std::nullopt;
  return static_cast<std::size_t>(it - header_.begin());
}

std::size_t CsvTable::Column(std::string_view name) const {
  const std::optional<std::size_t> column = FindColumn(name);
  EYECHART_REQUIRE(column.has_value(),
                   "{}: no column \"{}\"; the header has: {}", source_, name,
                   fmt::join(header_, ", "));
  return *column;
}

std::string CsvField(std::string_view field) {
  if (field.find_first_of(",\"\r\n") == std::string_view::npos)
    return std::string(field);
  std::string quoted = "\"";
  for (const char c : field) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

std::string CsvLine(const std::vector<std::string>& fields) {
  std::string line;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (i > 0) line += ',';
    line += CsvField(fields[i]);
  }
  return line + '\n';
}

}  // namespace eyechart
