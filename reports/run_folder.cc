#include "reports/run_folder.h"

#include <optional>
#include <set>
#include <utility>

#include "core/error.h"
#include "reports/visible_text.h"

namespace eyechart::reports {
namespace {

namespace fs = std::filesystem;

std::string LastComponent(const fs::path& path) {
  // "runs/a/" and "." have no file name as they are written.
  fs::path full = fs::absolute(path).lexically_normal();
  if (!full.has_filename()) full = full.parent_path();
  // A folder's name may hold any bytes; a document is UTF-8.
  return AsUtf8(full.filename().string());
}

// What stands of the rows of an append-only file.
std::vector<Record> StandingRecords(std::vector<Record> rows) {
  std::vector<std::optional<Record>> kept;
  std::map<std::string, std::map<std::string, std::size_t>> places;
  for (Record& row : rows) {
    auto& cell = places[row.cell];
    // An error without a metric stands for the whole cell: it takes the place
    // of what was there, and the next success takes its place.
    if (row.status == RecordStatus::kError && row.metric.empty()) {
      for (const auto& [metric, place] : cell) kept[place].reset();
      cell.clear();
    } else if (const auto failed = cell.find("");
               failed != cell.end() && row.status == RecordStatus::kOk) {
      kept[failed->second].reset();
      cell.erase(failed);
    }
    const auto [place, is_new] = cell.emplace(row.metric, kept.size());
    if (is_new) kept.emplace_back();
    kept[place->second] = std::move(row);
  }
  std::vector<Record> records;
  for (std::optional<Record>& record : kept)
    if (record) records.push_back(*std::move(record));
  return records;
}

Json ReadObject(const fs::path& path) {
  Json json = ReadJsonFile(path);
  EYECHART_REQUIRE(json.is_object(), "{}: should be a JSON object, is {}",
                   path.string(), json.type_name());
  return json;
}

}  // namespace

RunFolder ReadRunFolder(const fs::path& path) {
  EYECHART_REQUIRE(fs::is_directory(path),
                   "{}: no such folder; give the folder that `eyechart run` "
                   "wrote",
                   path.string());
  const fs::path rows = path / "records.jsonl";
  EYECHART_REQUIRE(fs::is_regular_file(rows),
                   "{}: no records.jsonl in it; give the folder that "
                   "`eyechart run` wrote",
                   path.string());
  RunFolder run;
  run.path = path;
  run.name = LastComponent(path);
  run.records = StandingRecords(ReadRecords(rows));
  if (const fs::path file = path / "environment.json"; fs::exists(file))
    run.environment = ReadObject(file);
  std::set<std::string> cells;
  for (const Record& record : run.records) {
    if (!cells.insert(record.cell).second) continue;
    const fs::path artifacts = path / "artifacts" / CellSlug(record.cell);
    if (const fs::path file = artifacts / "gallery.json"; fs::exists(file))
      run.galleries[record.cell] = ReadObject(file);
    if (const fs::path file = artifacts / "acuity.json"; fs::exists(file))
      run.acuities[record.cell] = ReadObject(file);
    if (const fs::path file = artifacts / "probe.json"; fs::exists(file))
      run.probes[record.cell] = ReadObject(file);
    if (const fs::path file = artifacts / "nms_sweep.json"; fs::exists(file))
      run.nms_sweeps[record.cell] = ReadObject(file);
    if (const fs::path file = artifacts / "detect.json"; fs::exists(file)) {
      run.detections[record.cell] = ReadObject(file);
      if (const fs::path errors = artifacts / "errors.json"; fs::exists(errors))
        run.detection_errors[record.cell] = ReadJsonFile(errors);
    }
  }
  return run;
}

}  // namespace eyechart::reports
