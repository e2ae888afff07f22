// Parse, dispatch, turn errors into exit codes.
#include <cstdio>
#include <exception>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cli/command.h"
#include "core/error.h"
#include "core/interrupt.h"
#include "core/text.h"

namespace eyechart::cli {
namespace {

void PrintError(const std::string& message) {
  std::fprintf(stderr, "eyechart: error: %s\n", message.c_str());
}

// CLI11 says only that an argument was not expected; name the nearest command.
int ReportUnknownCommand(const std::string& name,
                         std::span<const Command> commands) {
  std::vector<std::string> names;
  for (const Command& command : commands) names.emplace_back(command.name);
  PrintError(fmt::format("no command \"{}\"{}; commands are {}", name,
                         DidYouMean(name, names), fmt::join(names, ", ")));
  return kExitInput;
}

int Guarded(const Runner& runner) {
  try {
    return runner();
  } catch (const InputError& error) {
    PrintError(error.what());
    return kExitInput;
  } catch (const Interrupted& interrupted) {
    PrintError(fmt::format("{}; run the same command again to go on",
                           interrupted.what()));
    return 128 + interrupted.signal();
  } catch (const std::exception& error) {
    PrintError(fmt::format("internal: {}", error.what()));
    return kExitInternal;
  }
}

}  // namespace

int RunCommands(int argc, char** argv, std::span<const Command> commands) {
  Arguments app("How well vision encoders see, and how fast.", "eyechart");
  app.SetVersion(EYECHART_VERSION);
  app.RequireCommand();
  app.SetFooter(
      "Exit codes: 0 success; 2 usage or input error; 1, 3, 4, 5 verdicts of "
      "gate;\n6 some cells of a run failed; 130/143 interrupted.");
  std::vector<std::pair<const Arguments*, Runner>> runners;
  for (const Command& command : commands) {
    Arguments& added =
        app.AddCommand(std::string(command.name), std::string(command.what));
    runners.emplace_back(&added, command.add(added));
  }
  if (argc > 1 && argv[1][0] != '-') {
    bool known = false;
    for (const Command& command : commands) known |= command.name == argv[1];
    if (!known) return ReportUnknownCommand(argv[1], commands);
  }
  if (const std::optional<Arguments::Ended> ended = app.Parse(argc, argv))
    return ended->asked ? kExitOk : kExitInput;
  InstallInterruptHandlers();
  for (const auto& [command, run] : runners)
    if (command->chosen()) return Guarded(run);
  return kExitInput;
}

}  // namespace eyechart::cli
