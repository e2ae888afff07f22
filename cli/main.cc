// eyechart-torch: every command there is.
#include "cli/command.h"
#include "encoders/tensor_memory.h"
#include "encoders/vector_math.h"

int main(int argc, char** argv) {
  eyechart::encoders::KeepTensorMemory();
  eyechart::encoders::SettleVectorMath();
  return eyechart::cli::RunCommands(argc, argv, eyechart::cli::Commands());
}
