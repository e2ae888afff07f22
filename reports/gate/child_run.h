// A program run to its end: another build of eyechart, for A/B comparisons.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace eyechart::reports {

/// Exit codes of `eyechart run`, design §3: what was given is wrong; cells
/// failed.
inline constexpr int kRunRefused = 2;
inline constexpr int kRunCellsFailed = 6;

struct ChildOptions {
  std::filesystem::path binary;  // a path, not looked for in PATH
  std::vector<std::string> arguments;
  std::filesystem::path out_log;  // takes its stdout; overwritten
  std::filesystem::path err_log;  // takes its stderr; overwritten
};

/// How a child ended, and when it ran by the steady clock, which all children
/// of this process share.
struct ChildEnd {
  int exit_code = -1;  // -1 where a signal ended it
  int signal = 0;      // that signal, or 0
  std::int64_t began_ns = 0;
  std::int64_t ended_ns = 0;

  /// Of `eyechart run`: it left a run folder, perhaps with cells that failed.
  bool LeftARun() const {
    return exit_code == 0 || exit_code == kRunCellsFailed;
  }
  /// "exit code 2", "signal 11 (Segmentation fault)".
  std::string Text() const;
};

/// Runs the program with stdin closed to it. It has a process group of its own,
/// so that a terminal's Ctrl-C reaches it once, through us: a SIGINT or SIGTERM
/// that core/interrupt.h has seen is sent on, the child is waited for, and
/// Interrupted is thrown. Throws InputError where the binary is no file that
/// can be executed, or a log cannot be written.
ChildEnd RunChild(const ChildOptions& options);

/// The last line of a log that is not blank, at most 300 bytes; "" if none.
std::string LastLine(const std::filesystem::path& log);

}  // namespace eyechart::reports
