#include "encoders/foreign_checkpoint.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string_view>
#include <utility>

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
  /// The model types whose config.json may speak of such a file.
  std::array<std::string_view, 4> model_types;
  ForeignModel (*describe)(const TensorShapes&, const std::string& source);
};

constexpr std::array kReleases = {
    Release{
        "OpenAI's CLIP",
        "visual.transformer.resblocks.*.attn.in_proj_weight",
        {"clip", "clip_vision_model", "metaclip_2", "metaclip_2_vision_model"},
        &DescribeOpenAiClip},
    Release{"Meta's DINOv2",
            "blocks.*.ls1.gamma",
            {"dinov2", "dinov2_with_registers"},
            &DescribeMetaDinov2},
};

// Null where the names are of none.
const Release* ReleaseOf(const TensorShapes& shapes) {
  for (const Release& release : kReleases)
    for (const auto& [name, shape] : shapes)
      if (MatchesKey(name, release.marker)) return &release;
  return nullptr;
}

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
  checkpoint.text_problem = std::move(model.text_problem);
  checkpoint.notes = std::move(model.notes);
}

}  // namespace

bool IsReleaseBeside(const fs::path& file, const std::string& model_type) {
  const Release* release = ReleaseOf(ShapesOf({file}));
  return release != nullptr &&
         std::find(release->model_types.begin(), release->model_types.end(),
                   model_type) == release->model_types.end();
}

void DescribeForeign(const std::string& why, Checkpoint& checkpoint) {
  const fs::path open_clip = checkpoint.folder / kOpenClipConfig;
  if (fs::is_regular_file(open_clip)) {
    checkpoint.config_source = open_clip.string();
    Apply(ReadOpenClipConfig(open_clip), checkpoint);
    return;
  }
  checkpoint.config_source = checkpoint.weight_files.front().string();
  const TensorShapes shapes = ShapesOf(checkpoint.weight_files);
  if (const Release* release = ReleaseOf(shapes)) {
    Apply(release->describe(shapes, checkpoint.config_source), checkpoint);
    checkpoint.notes.insert(
        checkpoint.notes.begin(),
        fmt::format("{}: {}; taken for a release of {} by the names of its "
                    "tensors, sizes by their shapes",
                    checkpoint.folder.string(), why, release->what));
    return;
  }
  EYECHART_REQUIRE(!shapes.contains("visual.layer1.0.conv1.weight"),
                   "{}: a CLIP with a ResNet tower, which is no family that "
                   "eyechart knows; the ViT towers are",
                   checkpoint.config_source);
  std::vector<std::string_view> known;
  for (const Release& release : kReleases) known.push_back(release.what);
  ThrowInput(
      "{}: {}, and the names of the tensors are of no release that is known "
      "without one ({}); a checkpoint folder holds config.json and "
      "model.safetensors, as save_pretrained writes them",
      checkpoint.folder.string(), why, fmt::join(known, ", "));
}

}  // namespace eyechart::encoders
