// `gate --ab`, `gate --confirm` and `gate --aa-runs`: the gate that measures
// for itself.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/arguments.h"
#include "reports/gate/gate.h"

namespace eyechart::cli {

/// What the three modes are told; filled by AddAbFlags.
struct AbFlags {
  std::vector<std::string> ab;  // OLD and NEW programs; empty: no A/B
  bool confirm = false;         // measure open results once more
  bool aa = false;              // make runs of one build, for their noise
  std::int64_t aa_runs = 0;     // so many
  std::string binary;           // NEW, of --confirm; --aa-runs: "" is this one
  std::string baseline_binary;  // OLD, of --confirm; "": the baseline stands
  std::string suite;
  std::string filter = "*";
  std::string out;         // "": a folder that goes at the end
  std::int64_t pairs = 7;  // at least; a confirmation has three times as many
  std::uint64_t seed = 0;
  bool seconds = false;
  std::string device;
  std::int64_t threads = 0;  // 0: as `run` chooses
};

void AddAbFlags(Arguments& app, AbFlags& flags);

/// Throws InputError for options that do not go together: --ab takes neither a
/// RUN nor a baseline, --confirm needs --binary, all three need --suite.
void RequireSensible(const AbFlags& flags,
                     const std::string& run,
                     const std::string& baseline);

/// Measures both programs of --ab in turn and judges; with --confirm what is
/// regressed or inconclusive is measured once more.
reports::GateResult JudgeBuilds(const AbFlags& flags,
                                const reports::Policy& policy,
                                const reports::GateOptions& options);

/// Makes the runs of --aa-runs; the noise of these and of `runs`, the baseline
/// first.
reports::Noise MeasureAaRuns(const AbFlags& flags,
                             std::vector<reports::RunFolder> runs);

/// Measures what is regressed or inconclusive in `result` once more; `noise` is
/// of the baseline's build.
reports::GateResult ConfirmResult(reports::GateResult result,
                                  const AbFlags& flags,
                                  const reports::RunFolder& baseline,
                                  const reports::Noise& noise,
                                  const reports::Policy& policy,
                                  const reports::GateOptions& options);

}  // namespace eyechart::cli
