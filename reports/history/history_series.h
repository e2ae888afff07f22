// Series out of the history: one (cell, metric) on one machine, run by run.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "reports/history/history_store.h"

namespace eyechart::reports {

/// What tells machines apart: the first 16 digits of the SHA-256 of the
/// environment without what is under test or changes without meaning (schema,
/// command, eyechart, commit, build, memory). The record's own fingerprint
/// where the document is not known.
std::string MachineOf(const HistoryEnvironment& environment);

/// For people: the device, or the processor, and the machine's first digits.
std::string MachineName(const HistoryEnvironment& environment);

struct SeriesFilter {
  std::string cell = "*";  // globs
  std::string metric = "*";
  std::string machine;   // the start of MachineOf; "": all
  std::size_t last = 0;  // values of each series, the newest; 0: all
};

struct SeriesPoint {
  std::size_t run = 0;  // into SeriesSet::runs
  double value = 0;
  std::optional<Interval> ci;
  std::int64_t n = 0;
  std::int64_t input = 0;  // into SeriesSet::inputs
};

struct HistorySeries {
  std::string cell;
  std::string metric;
  std::string unit;
  std::string direction;
  std::string machine;
  std::string machine_name;
  std::vector<SeriesPoint> points;  // oldest first

  std::vector<double> Values() const;
};

struct SeriesSet {
  std::vector<HistoryRun> runs;  // oldest first, by start
  std::map<std::int64_t, HistoryInput> inputs;
  std::vector<HistorySeries> series;  // by cell, metric, unit and machine
};

/// The ok values that the filter lets through. Throws InputError where a glob
/// matches nothing of the history, naming the nearest.
SeriesSet ReadSeries(const HistoryStore& store,
                     const SeriesFilter& filter = {});

}  // namespace eyechart::reports
