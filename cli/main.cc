// eyechart-torch: every command there is.
#include "cli/command.h"

int main(int argc, char** argv) {
  return eyechart::cli::RunCommands(argc, argv, eyechart::cli::Commands());
}
