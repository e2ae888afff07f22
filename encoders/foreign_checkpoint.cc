#include "encoders/foreign_checkpoint.h"

#include <fmt/ranges.h>

#include <array>
#include <memory>
#include <string_view>

#include "core/error.h"
#include "encoders/clip_layouts.h"
#include "encoders/dinov2_layouts.h"
#include "encoders/key_map.h"
#include "encoders/open_clip_config.h"
#include "encoders/weight_file.h"

namespace eyechart::encoders {
namespace {

namespace fs = std::filesystem;

// A release that is weights alone. To add one: its row.
struct Release {
  std::string_view what;    // for notes and errors
  std::string_view marker;  // a tensor name, stars allowed, that only it has
  ForeignModel (*describe)(const TensorShapes&, const std::string& source);
};

constexpr std::array kReleases = {
    Release{"OpenAI's CLIP",
            "visual.transformer.resblocks.*.attn.in_proj_weight",
            &DescribeOpenAiClip},
    Release{"Meta's DINOv2", "blocks.*.ls1.gamma", &DescribeMetaDinov2},
};

TensorShapes ShapesOf(const std::vector<fs::path>& files) {
  TensorShapes shapes;
  for (const fs::path& path : files) {
    const std::unique_ptr<WeightFile> file = WeightFile::Open(path);
    for (const auto& [name, tensor] : file->tensors())
      shapes.emplace(name, tensor.shape);
  }
  return shapes;
}

void Apply(ForeignModel model, Checkpoint& checkpoint) {
  checkpoint.model_type = model.config.at("model_type").get<std::string>();
  checkpoint.config = std::move(model.config);
  checkpoint.preprocessor = std::move(model.preprocessor);
}

}  // namespace

void DescribeForeign(Checkpoint& checkpoint) {
  const fs::path open_clip = checkpoint.folder / kOpenClipConfig;
  if (fs::is_regular_file(open_clip)) {
    checkpoint.config_source = open_clip.string();
    Apply(ReadOpenClipConfig(open_clip), checkpoint);
    return;
  }
  checkpoint.config_source = checkpoint.weight_files.front().string();
  const TensorShapes shapes = ShapesOf(checkpoint.weight_files);
  std::vector<std::string_view> known;
  for (const Release& release : kReleases) {
    known.push_back(release.what);
    for (const auto& [name, shape] : shapes) {
      if (!MatchesKey(name, release.marker)) continue;
      Apply(release.describe(shapes, checkpoint.config_source), checkpoint);
      checkpoint.notes.push_back(fmt::format(
          "{}: no config.json; taken for a release of {} by the names of its "
          "tensors, sizes by their shapes",
          checkpoint.folder.string(), release.what));
      return;
    }
  }
  EYECHART_REQUIRE(!shapes.contains("visual.layer1.0.conv1.weight"),
                   "{}: a CLIP with a ResNet tower, which is no family that "
                   "eyechart knows; the ViT towers are",
                   checkpoint.config_source);
  ThrowInput(
      "{}: no config.json, and the names of the tensors are of no release that "
      "is known without one ({}); a checkpoint folder holds config.json and "
      "model.safetensors, as save_pretrained writes them",
      checkpoint.folder.string(), fmt::join(known, ", "));
}

}  // namespace eyechart::encoders
