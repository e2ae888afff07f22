// Runs the built eyechart binary.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "core/json.h"

namespace eyechart::testing {

struct ProcessResult {
  int exit_code = -1;  // 128 + signal where a signal ended it
  std::string out;
  std::string err;
};

/// Runs `eyechart ARGUMENTS` to its end.
ProcessResult Eyechart(const std::vector<std::string>& arguments);

/// The same by eyechart-torch, which runs other commands than coco-eval and
/// report.
ProcessResult EyechartTorch(const std::vector<std::string>& arguments);

/// The same, sending `signal` after `delay` unless it has ended.
ProcessResult EyechartWithSignal(const std::vector<std::string>& arguments,
                                 int signal,
                                 std::chrono::milliseconds delay);

/// stdout as JSON; a test failure where the exit code is not 0.
Json EyechartJson(std::vector<std::string> arguments);

/// stderr of a command that ends with exit code 2 and prints nothing else; a
/// test failure where it does not.
std::string Refused(const std::vector<std::string>& arguments);

/// The built eyechart, for what starts it by itself.
std::string EyechartBinary();

/// The demo's checkpoints: "clip" or "dinov2".
std::string DemoCheckpoint(const std::string& name);

}  // namespace eyechart::testing
