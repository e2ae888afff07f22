// The gate's baseline out of the history, with the noise from run to run.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "reports/gate/noise.h"
#include "reports/history/history_store.h"
#include "reports/run_folder.h"

namespace eyechart::reports {

/// FILE or FILE@RUN of `gate --baseline`.
struct HistoryReference {
  std::filesystem::path file;
  std::string run;  // an id or a name; "": the newest that fits
};

/// The reference that `baseline` is, or nothing where it names no history: a
/// run folder, or what does not exist.
std::optional<HistoryReference> ParseHistoryReference(
    const std::string& baseline);

struct HistoryBaseline {
  /// Its path is the history file: there are no outcomes and no samples, so
  /// that the gate compares intervals, and values with the noise.
  RunFolder run;
  Noise noise;
  std::vector<std::string> warnings;
};

struct HistoryNoiseOptions {
  /// Values of a (cell, metric) that the last change is looked for in.
  std::size_t window = 50;
  /// Values since then that the noise is of, the newest: the largest difference
  /// between two, the gate's floor, grows with their number.
  std::size_t values = 10;
  int threads = 0;  // 0: one a hardware thread
};

/// The run that the reference names, or the newest that was measured on the
/// candidate's machine, the candidate itself left out. Where no run was, it is
/// the newest of another machine, with a warning: the gate then says what it
/// cannot compare. The noise of a (cell, metric) is that of the values on this
/// machine up to the run, since their last change point and of the same
/// weights, preprocessing and data; without two of them there is none. Throws
/// InputError where the history has no other run than the candidate.
HistoryBaseline BaselineFromHistory(const HistoryReference& reference,
                                    const RunFolder& candidate,
                                    const HistoryNoiseOptions& options = {});

}  // namespace eyechart::reports
