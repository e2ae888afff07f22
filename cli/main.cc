// eyechart-torch: every command there is.
#include "cli/command.h"
#include "encoders/tensor_memory.h"

int main(int argc, char** argv) {
  eyechart::encoders::KeepTensorMemory();
  return eyechart::cli::RunCommands(argc, argv, eyechart::cli::Commands());
}
