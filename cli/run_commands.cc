// Parse, dispatch, turn errors into exit codes.
#include <cstdio>
#include <exception>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "cli/command.h"
#include "core/error.h"
#include "core/interrupt.h"
#include "core/text.h"

namespace eyechart::cli {
namespace {

// Texts of users' files stand in messages: what would end one, or move a
// terminal's cursor, is told by its number.
std::string Printable(const std::string& text) {
  std::string made;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x20 && c != '\n' && c != '\t') || byte == 0x7f)
      made += fmt::format("\\x{:02x}", byte);
    else
      made += c;
  }
  return made;
}

void PrintError(const std::string& message) {
  std::fprintf(stderr, "eyechart: error: %s\n", Printable(message).c_str());
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

// A command that can be chosen, with what runs it.
struct Choice {
  const Arguments* arguments;
  const Command* command;
  Runner run;
};

int Guarded(const Choice& chosen) {
  try {
    return chosen.run();
  } catch (const InputError& error) {
    PrintError(error.what());
    return kExitInput;
  } catch (const Interrupted& interrupted) {
    PrintError(
        fmt::format("{}; {}", interrupted.what(), chosen.command->again));
    return 128 + interrupted.signal();
  } catch (const std::filesystem::filesystem_error& error) {
    // A name that is too long, a link to itself, a folder that may not be read.
    PrintError(
        fmt::format("{}: {}", error.path1().string(), error.code().message()));
    return kExitInput;
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
  std::vector<Choice> choices;
  for (const Command& command : commands) {
    Arguments& added =
        app.AddCommand(std::string(command.name), std::string(command.what));
    choices.push_back({&added, &command, command.add(added)});
  }
  if (argc > 1 && argv[1][0] != '-') {
    bool known = false;
    for (const Command& command : commands) known |= command.name == argv[1];
    if (!known) return ReportUnknownCommand(argv[1], commands);
  }
  if (const std::optional<Arguments::Ended> ended = app.Parse(argc, argv))
    return ended->asked ? kExitOk : kExitInput;
  InstallInterruptHandlers();
  for (const Choice& one : choices)
    if (one.arguments->chosen()) return Guarded(one);
  return kExitInput;
}

}  // namespace eyechart::cli
