// The last blocks of an encoder as they are trained, for the parity test:
//   unfreeze_probe MODEL COUNT IN.safetensors OUT.safetensors
// IN holds "pixels" (B, 3, H, W) and "along", of the map's shape; OUT gets
// "map", of the blocks; "frozen", the encoder's own map; and "slope.NAME", the
// gradient of (map * along).sum() by each parameter.
#include <ATen/TensorOperators.h>

#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include "core/safetensors.h"
#include "encoders/image_encoder.h"
#include "encoders/trainable_blocks.h"
#include "tests/oracle/probe_tools.h"

namespace eyechart::encoders {
namespace {

void Main(const std::vector<std::string>& arguments) {
  const Checkpoint checkpoint = OpenCheckpoint(arguments.at(0));
  const std::int64_t count = std::stoll(arguments.at(1));
  const SafetensorsFile file(arguments.at(2));
  const at::Tensor pixels = TensorOf(file.at("pixels"));
  const at::Tensor along = TensorOf(file.at("along"));
  const auto encoder = ImageEncoder::Create(checkpoint, {});
  const Features features = encoder->Encode(
      pixels, {.pool = {}, .feature_map = true, .before_last = count});
  const auto blocks = TrainableBlocks::Create(checkpoint, count);
  // Out of inference mode.
  const at::Tensor map = blocks->Map(features.hidden.clone(), along.size(2));
  (map * along).sum().backward();
  Tensors outputs = {{"map", map.detach()}, {"frozen", features.feature_map}};
  for (const auto& [name, tensor] : blocks->Parameters())
    outputs.emplace_back("slope." + name, tensor.grad());
  Write(arguments.at(3), outputs);
}

}  // namespace
}  // namespace eyechart::encoders

int main(int argc, char** argv) {
  try {
    eyechart::encoders::Main({argv + 1, argv + argc});
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 2;
  }
}
