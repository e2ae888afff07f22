// The golden records in every format:
//   exporters_probe FOLDER
//     writes FOLDER/CASE.FORMAT for each case and exporter of records, and
//     FOLDER/gate-CASE.FORMAT for each of the gate's; prints the cases as
//     {"records": {CASE: [[RECORD...] a run]}, "gates": {CASE: {...}}}, where a
//     record has all fields of the table and a gate what --json prints.
#include <cstdio>
#include <exception>
#include <filesystem>

#include "core/error.h"
#include "core/files.h"
#include "reports/exporter.h"
#include "reports/gate/gate_exporter.h"
#include "tests/reports/golden_records.h"

namespace eyechart::reports {
namespace {

Json RecordsOf(const std::vector<RunFolder>& runs) {
  Json json = Json::array();
  for (const RunFolder& run : runs) {
    Json records = Json::array();
    for (const Record& record : run.records)
      records.push_back(Json::parse(RecordToLine(record)));
    json.push_back(records);
  }
  return json;
}

Json WriteAll(const std::filesystem::path& folder) {
  Json records = Json::object();
  Json gates = Json::object();
  for (const auto& [name, runs] : testing::GoldenCases()) {
    records[name] = RecordsOf(runs);
    for (const ExporterRow& row : Exporters())
      WriteFileAtomic(folder / fmt::format("{}.{}", name, row.name),
                      row.make()->Export(runs));
  }
  for (const auto& [name, report] : testing::GoldenGates()) {
    Json judged = GateToJson(report.result);
    judged["strict"] = report.strict;
    gates[name] = judged;
    for (const GateExporterRow& row : GateExporters())
      WriteFileAtomic(folder / fmt::format("gate-{}.{}", name, row.name),
                      row.make()->Export(report));
  }
  return {{"records", records}, {"gates", gates}};
}

}  // namespace
}  // namespace eyechart::reports

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  try {
    std::puts(
        eyechart::CanonicalJson(eyechart::reports::WriteAll(argv[1])).c_str());
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "exporters_probe: %s\n", error.what());
    return 1;
  }
}
