// The program that users start. LibTorch and OpenCV take some tenths of a
// second and 160 MB before main: commands without tensors and pictures run
// here, all others in eyechart-torch, which stands beside this program and
// replaces it.
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <string_view>
#include <system_error>

#include "cli/command.h"

int main(int argc, char** argv) {
  using namespace eyechart::cli;
  const std::string_view name = argc > 1 ? argv[1] : "";
  if (name == "--version") {
    std::puts(EYECHART_VERSION);
    return kExitOk;
  }
  for (const Command& command : LightCommands())
    if (command.name == name) return RunCommands(argc, argv, LightCommands());
  std::error_code error;
  const std::filesystem::path self =
      std::filesystem::read_symlink("/proc/self/exe", error);
  const std::string full = (self.parent_path() / "eyechart-torch").string();
  ::execv(full.c_str(), argv);
  std::fprintf(stderr, "eyechart: error: %s cannot be started: %s\n",
               full.c_str(), std::strerror(errno));
  return kExitInternal;
}
