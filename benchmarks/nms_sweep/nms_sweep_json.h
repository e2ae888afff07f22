// A sweep as JSON, as a run's artifact and as records.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "benchmarks/nms_sweep/nms_sweep.h"
#include "core/json.h"
#include "core/record.h"

namespace eyechart::benchmarks {

/// What nms_sweep.json holds and reports read (reports/nms_sweep.h): times in
/// ns, each {median: {value, ci, reason}, mean}; AP null where there is no
/// truth; `best` and `fastest` index `rows`; valid, reasons, advice and
/// warnings as LoadJson has them.
Json NmsSweepToJson(const NmsSweep& sweep);

/// Where WriteNmsSweep writes, of a run's cell.
struct NmsSweepFiles {
  std::filesystem::path folder;   // artifacts/<CellSlug(cell)>
  std::filesystem::path samples;  // samples/<CellSlug(cell)>.csv
};

/// Those of `cell` in the run folder `run`.
NmsSweepFiles NmsSweepFilesOf(const std::filesystem::path& run,
                              const std::string& cell);

/// Writes nms_sweep.json into `files.folder` and the raw times
/// (SweepSamplesCsv) to `files.samples`, each whole or not at all. Throws
/// InputError.
void WriteNmsSweep(const NmsSweepFiles& files, const NmsSweep& sweep);

/// Records of `base.cell`: ap, ap50, nms_ms, end_to_end_ms and boxes before and
/// after of the row with the best AP, all at its setting. Behind them, the same
/// of each row in a cell of its own, `base.cell` with confidence and IoU in its
/// setting. `base` has what the caller knows. Times that are not valid, or were
/// measured all the same, say why in their message.
std::vector<Record> NmsSweepRecords(const NmsSweep& sweep, const Record& base);

}  // namespace eyechart::benchmarks
