// What describes a checkpoint, config.json, the index of shards,
// open_clip_config.json or eyechart.json, and the encoders made as it says from
// weights that fit the seeds.
#include <torch/csrc/jit/api/module.h>

#include <memory>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "encoders/checkpoint.h"
#include "encoders/exported.h"
#include "encoders/image_encoder.h"
#include "tests/encoders/toy_checkpoint.h"
#include "tests/encoders/toy_families.h"
#include "tests/fuzz/input_folder.h"
#include "tests/fuzz/target.h"

namespace eyechart::fuzz {
namespace {

using encoders::testing::ToyTensors;

constexpr const char* kWeights = "weights.safetensors";
constexpr const char* kProgram = "program.pt";

// What lies beside the files of an input. Its first byte says which of these,
// as a memory that no tensor bears out would be asked for otherwise.
ToyTensors WeightsOf(std::size_t which) {
  using namespace encoders::testing;
  switch (which) {
    case 0: {
      ToyTensors tensors = ClipVisionTensors("vision_model.");
      tensors.merge(Dinov2Tensors());
      return tensors;
    }
    case 1: {
      ToyTensors tensors = SiglipVisionTensors("vision_model.");
      tensors.merge(SiglipTextTensors());
      return tensors;
    }
    case 2:
      return Aimv2Tensors();
    case 3:
      return DavitTensors("model.vision_tower.");
    case 4:
      return HieraTensors();
    default:
      return OpenClipTensors();
  }
}
constexpr std::size_t kWeightSets = 6;

using Folders = std::vector<std::unique_ptr<InputFolder>>;

Folders MakeFolders() {
  torch::jit::Module program("Toy");
  program.define(R"(
def forward(self, x):
    return {"pooled": x.mean([2, 3]), "map": x}
)");
  Folders folders;
  for (std::size_t i = 0; i < kWeightSets; ++i) {
    folders.push_back(std::make_unique<InputFolder>(
        std::vector<std::string>{"config.json", "model.safetensors.index.json",
                                 "open_clip_config.json", "eyechart.json"}));
    const auto& path = folders.back()->path();
    encoders::testing::WriteSafetensors(path / kWeights, WeightsOf(i));
    program.save((path / kProgram).string());
  }
  return folders;
}

// An exported program is run once at the size that its config tells; what that
// costs is not the question here.
bool IsLarge(const encoders::Checkpoint& checkpoint) {
  constexpr int kMost = 64;
  if (checkpoint.model_type != encoders::kExportedFamily) return false;
  const auto [height, width] =
      encoders::ExportedImageSize(checkpoint.config, checkpoint.config_source);
  const Json batch = checkpoint.config.value("batch", Json(1));
  return height > kMost || width > kMost ||
         (batch.is_number() && batch.get<double>() > kMost);
}

std::string Seed(std::size_t which, const std::vector<std::string>& files) {
  std::string input;
  input += static_cast<char>('0' + which);
  input += Joined(files);
  return input;
}

}  // namespace

bool Reads(const std::string& input) {
  static const Folders folders = MakeFolders();
  if (input.empty()) return false;
  const auto first = static_cast<unsigned char>(input.front());
  InputFolder& folder =
      *folders[(first + kWeightSets - '0' % kWeightSets) % kWeightSets];
  folder.Fill(std::string_view(input).substr(1));
  try {
    const encoders::Checkpoint checkpoint =
        encoders::OpenCheckpoint(folder.path().string());
    if (IsLarge(checkpoint)) return true;
    encoders::EncoderOptions options;
    options.allow_unused = true;
    const auto encoder = encoders::ImageEncoder::Create(checkpoint, options);
    EYECHART_CHECK(!encoder->info().pools.empty(), "nothing to pool");
    return true;
  } catch (const InputError&) {
    return false;
  }
}

std::vector<std::string> Seeds() {
  using namespace encoders::testing;
  const Json index = {
      {"metadata", {{"total_size", 1}}},
      {"weight_map", {{"layernorm.weight", kWeights}, {"x", kWeights}}}};
  const Json clip = ClipVisionConfig();
  const Json davit = DavitConfig();
  const Json florence2 = {{"model_type", "florence2"},
                          {"vision_config", davit},
                          {"text_config", {{"d_model", 8}}}};
  const Json exported = {{"format", "torchscript"},
                         {"model", kProgram},
                         {"image_size", {8, 12}},
                         {"any_size", true},
                         {"batch", 2},
                         {"patch_size", 4},
                         {"preprocess", {{"size", {{"shortest_edge", 8}}}}},
                         {"outputs", {{"pooled", 0}, {"feature_map", "map"}}},
                         {"pool", "cls"},
                         {"flops", 1e6}};
  return {Seed(0, {clip.dump()}),
          Seed(0, {Dinov2Config().dump()}),
          Seed(0, {clip.dump(), index.dump()}),
          Seed(1, {SiglipConfig().dump()}),
          Seed(1, {SiglipVisionConfig().dump()}),
          Seed(2, {Aimv2Config().dump()}),
          Seed(3, {davit.dump()}),
          Seed(3, {florence2.dump()}),
          Seed(4, {HieraConfig().dump()}),
          Seed(5, {"", "", OpenClipConfig().dump()}),
          Seed(0, {"", "", "", exported.dump()})};
}

}  // namespace eyechart::fuzz
