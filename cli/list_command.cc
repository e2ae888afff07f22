#include <algorithm>
#include <array>
#include <memory>

#include "cli/command.h"
#include "cli/terminal.h"
#include "core/metrics.h"
#include "core/text.h"
#include "encoders/registry.h"
#include "probes/multiple_choice/benchmark_kind.h"
#include "reports/exporter.h"
#include "suite/task.h"

namespace eyechart::cli {
namespace {

struct ListFlags {
  std::string what;
  bool json = false;
};

Json Encoders() {
  Json rows = Json::array();
  for (const encoders::Family& family : encoders::Families())
    rows.push_back({{"name", family.model_type},
                    {"text", family.make_text != nullptr},
                    {"what", family.what}});
  return rows;
}

Json Tasks() {
  Json rows = Json::array();
  for (const suite::TaskKind& kind : suite::TaskKinds()) {
    std::vector<std::string_view> keys;
    for (const suite::TaskKey& key : kind.keys) keys.push_back(key.name);
    rows.push_back({{"name", kind.name}, {"keys", keys}, {"what", kind.what}});
  }
  return rows;
}

Json Datasets() {
  Json rows = Json::array();
  for (const data::DatasetKind& kind : data::DatasetKinds())
    rows.push_back({{"name", kind.name}, {"what", kind.what}});
  for (const auto& kind : multiple_choice::BenchmarkKinds())
    rows.push_back({{"name", kind.name}, {"what", kind.what}});
  return rows;
}

Json Exporters() {
  Json rows = Json::array();
  for (const reports::ExporterRow& row : reports::Exporters())
    rows.push_back({{"name", row.name},
                    {"extensions", row.extensions},
                    {"what", row.what}});
  return rows;
}

Json MetricRows() {
  Json rows = Json::array();
  for (const Metric& metric : Metrics())
    rows.push_back({{"name", metric.name},
                    {"unit", metric.unit},
                    {"direction", DirectionName(metric.direction)},
                    {"what", metric.what},
                    {"source", metric.source}});
  return rows;
}

struct Table {
  std::string_view name;
  Json (*rows)();
};

constexpr std::array kTables = {
    Table{"encoders", Encoders},  Table{"tasks", Tasks},
    Table{"datasets", Datasets},  Table{"exporters", Exporters},
    Table{"metrics", MetricRows},
};

std::string ValueCell(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_boolean()) return value.get<bool>() ? "yes" : "no";
  if (!value.is_array()) return CanonicalJson(value);
  std::vector<std::string> parts;
  for (const Json& part : value) parts.push_back(ValueCell(part));
  return fmt::format("{}", fmt::join(parts, " "));
}

// Rows with the name first and columns as wide as their widest cell.
void PrintTable(const Table& table) {
  const Json rows = table.rows();
  PrintLine(std::string(table.name));
  std::map<std::string, std::size_t> widths;
  for (const Json& row : rows) {
    for (const auto& [key, value] : row.items())
      widths[key] = std::max(widths[key], ValueCell(value).size());
  }
  for (const Json& row : rows) {
    std::string line =
        fmt::format("  {:<{}}", ValueCell(row["name"]), widths["name"]);
    for (const auto& [key, value] : row.items()) {
      if (key != "name" && key != "what" && key != "keys")
        line += fmt::format("  {:<{}}", ValueCell(value), widths[key]);
    }
    PrintLine(line + "  " + ValueCell(row["what"]));
    if (row.contains("keys"))
      PrintLine("      keys: dataset " + ValueCell(row["keys"]));
  }
}

int RunList(const ListFlags& options) {
  Json all = {{"schema", 1}, {"command", "list"}, {"warnings", Json::array()}};
  std::vector<std::string> names;
  bool known = options.what.empty();
  for (const Table& table : kTables) {
    names.emplace_back(table.name);
    if (!options.what.empty() && options.what != table.name) continue;
    known = true;
    if (options.json)
      all[std::string(table.name)] = table.rows();
    else
      PrintTable(table);
  }
  EYECHART_REQUIRE(known, "list {}: unknown{}; known are {}", options.what,
                   DidYouMean(options.what, names), fmt::join(names, ", "));
  if (options.json) PrintJson(all);
  return kExitOk;
}

}  // namespace

Runner AddList(Arguments& app) {
  auto options = std::make_shared<ListFlags>();
  app.AddOption("what", options->what,
                "encoders, tasks, datasets, exporters or metrics (default: "
                "all)");
  app.AddFlag("--json", options->json, "print one JSON object");
  return [options] { return RunList(*options); };
}

}  // namespace eyechart::cli
