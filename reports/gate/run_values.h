// Values of whole runs that took turns: runs/<cell>.csv of a joined A/B folder.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>

#include "reports/gate/item_pairs.h"

namespace eyechart::reports {

/// One turn: a run of one build, and what it measured.
struct TurnValues {
  std::int64_t pair = 0;
  std::int64_t began_ns = 0;  // of a clock that both builds share
  std::int64_t ended_ns = 0;
  std::map<std::string, double> values;  // by metric, in the metric's unit
};

/// Writes runs/<CellSlug(cell)>.csv: pair,began_ns,ended_ns and a column a
/// metric that every turn has. Throws InputError if it cannot be written.
void WriteRunValues(const std::filesystem::path& run,
                    const std::string& cell,
                    std::span<const TurnValues> turns);

/// The difference from the paired ratios of whole runs' values, for metrics
/// that samples of single queries do not explain: throughputs, memory, tails,
/// the time of a whole cell. None where one of the runs has no such values, not
/// the same pairs, a value that is not above 0, or turns that overlap. Throws
/// InputError where a file cannot be read.
std::optional<CellEstimate> EstimateRunValues(
    const CellSide& baseline,
    const CellSide& candidate,
    const ResampleOptions& options = {});

}  // namespace eyechart::reports
