// The table of subcommands. To add one: one new file and one row in
// commands.cc, or in light_commands.cc where it needs no LibTorch.
#pragma once

#include <functional>
#include <span>
#include <string_view>

#include "cli/arguments.h"

namespace eyechart::cli {

/// Runs a parsed command and returns its exit code; throws InputError (exit 2)
/// and Interrupted (130, 143).
using Runner = std::function<int()>;

struct Command {
  std::string_view name;
  std::string_view what;
  /// Adds the options to `app`; what they fill lives as long as the runner.
  Runner (*add)(Arguments& app);
  /// Of an interrupted one, what the same command does when it is run again:
  /// whether something is kept, and where.
  std::string_view again = "run again, it begins anew";
};

/// Of a command that always keeps what is done.
inline constexpr std::string_view kGoesOn =
    "run the same command again to go on";
/// Of one that keeps it in the folder that -o names.
inline constexpr std::string_view kGoesOnInOut =
    "run again, it goes on from what is in -o's folder, and begins anew "
    "without -o";

/// Every command.
std::span<const Command> Commands();
/// Those that need no tensor and no picture, and so no LibTorch and no OpenCV.
std::span<const Command> LightCommands();

/// Parses the command line, runs the command of `commands` that it names and
/// returns the exit code.
int RunCommands(int argc, char** argv, std::span<const Command> commands);

Runner AddAsk(Arguments& app);
Runner AddBench(Arguments& app);
Runner AddCocoEval(Arguments& app);
Runner AddCompare(Arguments& app);
Runner AddDetect(Arguments& app);
Runner AddEncode(Arguments& app);
Runner AddExplain(Arguments& app);
Runner AddGate(Arguments& app);
Runner AddGenerate(Arguments& app);
Runner AddHistory(Arguments& app);
Runner AddImport(Arguments& app);
Runner AddInspect(Arguments& app);
Runner AddList(Arguments& app);
Runner AddMine(Arguments& app);
Runner AddProbe(Arguments& app);
Runner AddReport(Arguments& app);
Runner AddRun(Arguments& app);

/// Exit codes, design §3.
inline constexpr int kExitOk = 0;
inline constexpr int kExitInput = 2;
inline constexpr int kExitCellsFailed = 6;
/// A defect of eyechart itself (sysexits' EX_SOFTWARE).
inline constexpr int kExitInternal = 70;

}  // namespace eyechart::cli
