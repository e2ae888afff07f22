// config.json and the index of shards, and the encoders made as they say from
// weights that fit the seeds.
#include "core/error.h"
#include "encoders/checkpoint.h"
#include "encoders/image_encoder.h"
#include "tests/encoders/toy_checkpoint.h"
#include "tests/fuzz/input_folder.h"
#include "tests/fuzz/target.h"

namespace eyechart::fuzz {
namespace {

constexpr const char* kWeights = "weights.safetensors";

void WriteWeights(const std::filesystem::path& folder) {
  encoders::testing::ToyTensors tensors =
      encoders::testing::ClipVisionTensors("vision_model.");
  tensors.merge(encoders::testing::Dinov2Tensors());
  encoders::testing::WriteSafetensors(folder / kWeights, tensors);
}

}  // namespace

bool Reads(const std::string& input) {
  static InputFolder folder({"config.json", "model.safetensors.index.json"});
  static const bool written = (WriteWeights(folder.path()), true);
  static_cast<void>(written);
  folder.Fill(input);
  try {
    encoders::EncoderOptions options;
    options.allow_unused = true;
    const auto encoder = encoders::ImageEncoder::Create(
        encoders::OpenCheckpoint(folder.path().string()), options);
    return encoder->info().parameters > 0;
  } catch (const InputError&) {
    return false;
  }
}

std::vector<std::string> Seeds() {
  const Json index = {
      {"metadata", {{"total_size", 1}}},
      {"weight_map", {{"layernorm.weight", kWeights}, {"x", kWeights}}}};
  const Json clip = encoders::testing::ClipVisionConfig();
  const Json dinov2 = encoders::testing::Dinov2Config();
  return {Joined({clip.dump()}), Joined({dinov2.dump()}),
          Joined({clip.dump(), index.dump()})};
}

}  // namespace eyechart::fuzz
