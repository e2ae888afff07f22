// The same items in two runs: outcomes/<cell>.csv and samples/<cell>.csv.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/record.h"
#include "reports/gate/estimate.h"

namespace eyechart::reports {

/// One side of a cell: its run's folder and its record.
struct CellSide {
  std::filesystem::path run;
  const Record* record = nullptr;
};

/// The difference from what the runs' files hold of the cell's items, by the
/// best test that they allow: paired by item, where both have outcomes of the
/// same ids and truths that give the records' values; paired ratios, where both
/// have samples of the same interleaved pairs; unpaired samples; else the two
/// records' intervals. `note` says why a better one was not possible. Both
/// records have values. Throws InputError where a CSV cannot be read.
///
/// Samples: a column `latency_ns`, one row a sample, and `pair` where the run
/// took turns with another (ABBA): the block's name, the same in both runs.
/// Where both have `started_ns`, turns that overlap show that the runs did not
/// share a clock: then they are not paired. Several samples of a pair count as
/// their median.
CellEstimate EstimateCell(const CellSide& baseline,
                          const CellSide& candidate,
                          const ResampleOptions& options = {});

/// The items behind a metric in an outcomes file of each run, joined by id.
/// None, and why in `note`, where they are not the same or do not explain it.
std::optional<PairedItems> PairItems(const CellSide& baseline,
                                     const CellSide& candidate,
                                     std::string& note);

}  // namespace eyechart::reports
