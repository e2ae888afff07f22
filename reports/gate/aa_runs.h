// Runs of one build, made one after another to learn how far they differ: `gate
// --aa-runs`.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "core/progress.h"
#include "reports/gate/noise.h"
#include "reports/run_folder.h"

namespace eyechart::reports {

struct AaOptions {
  std::filesystem::path binary;  // an eyechart program
  std::filesystem::path suite;   // as the baseline's
  std::filesystem::path out;     // for run-1/, run-2/, ..., logs/, runs.csv
  std::int64_t runs = 4;         // how many: fewer say little of one result
  std::string filter = "*";      // glob over cells
  std::vector<std::string> run_arguments;  // more of `run`, as --device cpu
};

/// Calls `BINARY run SUITE --out OUT/run-I --filter FILTER` for each of the
/// runs; the noise (MeasureNoise) of `runs`, which hold the baseline, and of
/// these. In a folder that an interrupted call left they go on: what was
/// measured is not measured again. Throws Interrupted, and InputError where
/// `out` holds something else, where the program cannot be started or leaves no
/// run, or, after the first run, where it cannot be a run of the same build.
Noise MeasureAaRuns(std::vector<RunFolder> runs,
                    const AaOptions& options,
                    Progress& progress = Progress::None());

}  // namespace eyechart::reports
