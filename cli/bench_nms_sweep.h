// `eyechart bench --nms-sweep`: average precision and end-to-end time at the
// same thresholds.
#pragma once

#include <string>
#include <vector>

#include "benchmarks/nms_sweep/nms_sweep.h"
#include "cli/arguments.h"
#include "cli/detect_commands.h"

namespace eyechart::cli {

/// What the command line says. AddNmsSweepOptions fills the second half; the
/// first is the bench command's own.
struct NmsSweepCommand {
  /// The checkpoint that the detectors were trained on, or an exported
  /// detector, which is swept first.
  std::string model;
  std::string dataset;  // detection set
  ModelFlags flags;
  std::vector<std::string> detectors;  // folders that detect train wrote
  bool json = false;
  std::string out;           // run folder; empty: none
  std::string command_line;  // that repeats it, for environment.json
  Json environment;          // of the run folder; null: DescribeEnvironment's
  bool allow = false;  // what build and machine have to do with: a warning

  bool wanted = false;              // --nms-sweep was given
  std::vector<std::string> beside;  // more detectors, exported ones too
  std::string part;                 // of the set; empty: test, or valid
  BoxFlags boxes;
  /// `most`, `most_kept`, `nms`, `warmup` and `seed` are bench's own.
  benchmarks::NmsSweepOptions options;
};

/// Adds --nms-sweep and what it alone takes, in a group of its own.
void AddNmsSweepOptions(Arguments& app, NmsSweepCommand& command);

/// Sweeps each detector, the model loaded once, and prints a table or one JSON
/// object {schema, command, scenario: "nms-sweep", sweeps[], valid, reasons[],
/// warnings[]}; each sweep as NmsSweepToJson has it. Throws InputError, also
/// where build or machine may not measure (JudgeBefore).
int RunNmsSweep(const NmsSweepCommand& command);

}  // namespace eyechart::cli
