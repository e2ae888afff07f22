// Many short runs of one build, taken in turn with another's, as one run
// folder that the gate can read.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/csv.h"
#include "core/record.h"
#include "reports/gate/run_values.h"
#include "reports/run_folder.h"

namespace eyechart::reports {

/// The metric that `cell_seconds` records carry: wall time of a whole cell.
inline constexpr const char* kCellSeconds = "cell_seconds";

/// What one run of one cell left; its folder may be used again.
struct Turn {
  std::int64_t pair = 0;
  std::int64_t began_ns = 0;  // of the clock that both builds share
  std::int64_t ended_ns = 0;
  std::vector<Record> records;              // of the cell and its parts
  std::map<std::string, CsvTable> samples;  // samples/<cell>.csv by cell
};

struct JoinOptions {
  bool interleaved = true;  // false: the pairs are written nowhere
  bool seconds = false;     // also a cell_seconds record a cell
};

/// One side of an A/B comparison.
class JoinedRun {
 public:
  /// Empties `folder`.
  JoinedRun(std::filesystem::path folder, const JoinOptions& options);

  /// Takes the records, outcomes, environments and suite of `run`: what does
  /// not depend on the moment. Records of cells that are there already are
  /// replaced. `names`: cells that are called otherwise here.
  void AddScores(const RunFolder& run,
                 const std::map<std::string, std::string>& names = {});
  void AddTurn(Turn turn) { turns_.push_back(std::move(turn)); }
  /// `cell` could not be measured: its records give way to one that says so.
  void Fail(const std::string& cell, const std::string& message);

  /// Whether the cell has a time, a throughput or memory among its results.
  bool HasSpeed(const std::string& cell) const;
  const std::vector<Record>& records() const { return records_; }

  /// Writes the folder and reads it back:
  /// - speed metrics of cells with turns are the median of the turns' values,
  ///   without the interval of a single run;
  /// - samples/<cell>.csv holds the turns' rows, `pair` being the turn's and
  ///   `started_ns` on the common clock. Where queries of one turn overlap
  ///   among themselves (a server's), started_ns is left out: item_pairs.h
  ///   would take them for turns that do;
  /// - runs/<cell>.csv holds the turns' values (run_values.h).
  RunFolder Write();

 private:
  void WriteCell(const std::string& cell, std::string& lines) const;
  void WriteSamples(const std::string& cell) const;
  std::vector<TurnValues> ValuesOf(const std::string& cell) const;

  std::filesystem::path folder_;
  JoinOptions options_;
  std::vector<Record> records_;
  std::vector<Turn> turns_;
  std::set<std::string> failed_;
};

/// The cell of the suite that each of a run's cells was measured with: itself,
/// or, of a part that stands in a cell of its own (a pattern's, a sweep's
/// thresholds), the cell whose setting it has and adds to; where none is, the
/// one whose name's setting it has. Parts take no time of their own.
std::map<std::string, std::string> OwnersOf(const std::vector<Record>& records);

}  // namespace eyechart::reports
