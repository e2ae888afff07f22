#include "encoders/florence2_vision.h"

#include <utility>
#include <vector>

#include "core/error.h"
#include "encoders/config_reader.h"
#include "encoders/davit.h"
#include "encoders/florence2_layouts.h"
#include "encoders/vit.h"
#include "encoders/weights.h"

namespace eyechart::encoders {
namespace {

constexpr double kDavitEpsilon = 1e-5;  // of all norms; no key sets it
constexpr int kDefaultSide = 768;       // of the published processors

// One entry a stage in the lists.
struct Florence2Config {
  std::vector<std::int64_t> widths, depths, heads, groups;
  std::vector<std::int64_t> kernels, strides, paddings;
  std::vector<bool> pre_norm;
  std::int64_t window = 12;
  double mlp_ratio = 4;
  bool qkv_bias = true;
  Activation activation = Activation::kGelu;

  std::int64_t Inner(std::size_t stage) const {
    return static_cast<std::int64_t>(static_cast<double>(widths[stage]) *
                                     mlp_ratio);
  }
};

// Both spellings are read: transformers', and that of the release with remote
// code, where the widths are `dim_embed` and the defaults are the large
// model's.
Florence2Config ReadDavitConfig(const ConfigReader& reader) {
  using Sizes = std::vector<std::int64_t>;
  const Json& object = reader.object();
  const bool remote =
      !object.contains("embed_dim") &&
      (object.contains("dim_embed") || object.contains("image_pos_embed"));
  const std::int64_t scale = remote ? 2 : 1;
  const Sizes heads{4 * scale, 8 * scale, 16 * scale, 32 * scale};
  const char* width_key = remote ? "dim_embed" : "embed_dim";

  Florence2Config config;
  config.widths = reader.Sizes(
      width_key, {128 * scale, 256 * scale, 512 * scale, 1024 * scale});
  config.depths = reader.Sizes("depths", {1, 1, 9, 1});
  config.heads = reader.Sizes("num_heads", heads);
  config.groups = reader.Sizes("num_groups", heads);
  config.kernels = reader.Sizes("patch_size", {7, 3, 3, 3});
  config.strides = reader.Sizes("patch_stride", {4, 2, 2, 2});
  config.paddings = reader.Sizes("patch_padding", {3, 1, 1, 1}, 0);
  config.pre_norm = reader.Flags("patch_prenorm", {false, true, true, true});
  config.window = reader.Size("window_size", 12);
  config.mlp_ratio = reader.Number("mlp_ratio", 4);
  config.qkv_bias = reader.Flag("qkv_bias", true);
  config.activation = reader.GetActivation("activation_function", "gelu");

  const std::size_t stages = config.widths.size();
  const auto one_a_stage = [&](const char* key, std::size_t length) {
    EYECHART_REQUIRE(length == stages,
                     "{}: \"{}\" has {} entries and \"{}\" has {}; there "
                     "should be one a stage",
                     reader.source(), key, length, width_key, stages);
  };
  one_a_stage("depths", config.depths.size());
  one_a_stage("num_heads", config.heads.size());
  one_a_stage("num_groups", config.groups.size());
  one_a_stage("patch_size", config.kernels.size());
  one_a_stage("patch_stride", config.strides.size());
  one_a_stage("patch_padding", config.paddings.size());
  one_a_stage("patch_prenorm", config.pre_norm.size());
  // What no tensor's shape bears out is bounded here: memory goes with it.
  constexpr std::int64_t kMostWindow = 256;
  EYECHART_REQUIRE(config.window <= kMostWindow,
                   "{}: \"window_size\" is {}; it should be at most {}",
                   reader.source(), config.window, kMostWindow);
  EYECHART_REQUIRE(config.mlp_ratio > 0 && config.mlp_ratio <= 64,
                   "{}: \"mlp_ratio\" is {}; it should be from 0 to 64",
                   reader.source(), config.mlp_ratio);
  EYECHART_REQUIRE(reader.Size("in_channels", 3) == 3,
                   "{}: \"in_channels\" should be 3", reader.source());
  std::int64_t stride = 1;
  for (std::size_t i = 0; i < stages; ++i) {
    reader.RequireHeads(config.widths[i], config.heads[i]);
    EYECHART_REQUIRE(config.widths[i] % config.groups[i] == 0,
                     "{}: {} channel groups (\"num_groups\") do not divide a "
                     "width of {}",
                     reader.source(), config.groups[i], config.widths[i]);
    EYECHART_REQUIRE(config.Inner(i) > 0, "{}: \"mlp_ratio\" {} leaves no MLP",
                     reader.source(), config.mlp_ratio);
    EYECHART_REQUIRE(config.paddings[i] <= config.kernels[i],
                     "{}: \"patch_padding\" {} exceeds its \"patch_size\", {}",
                     reader.source(), config.paddings[i], config.kernels[i]);
    stride *= config.strides[i];
    EYECHART_REQUIRE(stride <= 1 << 15,
                     "{}: \"patch_stride\" multiplies to {} pixels a cell; "
                     "pictures have fewer",
                     reader.source(), stride);
  }
  return config;
}

// Loads the parts of one stage.
class StageLoader {
 public:
  StageLoader(WeightStore& weights,
              const Florence2Config& config,
              std::size_t stage,
              const Placement& placement)
      : weights_(weights),
        config_(config),
        stage_(stage),
        width_(config.widths[stage]),
        placement_(placement) {}

  DavitStage Load(const std::string& prefix) {
    const std::int64_t in = stage_ == 0 ? 3 : config_.widths[stage_ - 1];
    const std::string embedding = fmt::format("{}convs.{}.", prefix, stage_);
    DavitStage stage;
    stage.pre_norm = config_.pre_norm[stage_];
    stage.embedding =
        LoadConvolution(embedding + "conv", in, config_.kernels[stage_],
                        {.stride = config_.strides[stage_],
                         .padding = config_.paddings[stage_],
                         .groups = 1});
    stage.norm = LoadNorm(embedding + "norm", stage.pre_norm ? in : width_);
    for (std::int64_t i = 0; i < config_.depths[stage_]; ++i) {
      const std::string block =
          fmt::format("{}blocks.{}.{}.", prefix, stage_, i);
      const std::string spatial = block + "spatial_block.";
      const std::string channel = block + "channel_block.";
      stage.blocks.push_back(LoadBlock(
          spatial,
          WindowAttention(LoadAttention(spatial + "window_attn."),
                          config_.heads[stage_], config_.window, placement_)));
      stage.blocks.push_back(LoadBlock(
          channel, ChannelAttention(LoadAttention(channel + "channel_attn."),
                                    config_.groups[stage_], placement_)));
    }
    return stage;
  }

 private:
  at::Tensor Bias(const std::string& name, std::int64_t size) {
    return weights_.Take(name + ".bias", {size});
  }

  Convolution LoadConvolution(const std::string& name,
                              std::int64_t in,
                              std::int64_t kernel,
                              const ConvolutionShape& shape) {
    const at::Tensor weight = weights_.Take(
        name + ".weight", {width_, in / shape.groups, kernel, kernel});
    return Convolution(weight, Bias(name, width_), shape, placement_);
  }

  Convolution LoadDepthwise(const std::string& name) {
    return LoadConvolution(name, width_, 3,
                           {.stride = 1, .padding = 1, .groups = width_});
  }

  Norm LoadNorm(const std::string& name, std::int64_t width) {
    const at::Tensor weight = weights_.Take(name + ".weight", {width});
    return Norm(NormKind::kLayer, weight, Bias(name, width), kDavitEpsilon,
                placement_);
  }

  DavitAttentionWeights LoadAttention(const std::string& prefix) {
    DavitAttentionWeights attention;
    attention.qkv_weight =
        weights_.Take(prefix + "qkv.weight", {3 * width_, width_});
    if (config_.qkv_bias) attention.qkv_bias = Bias(prefix + "qkv", 3 * width_);
    attention.out_weight =
        weights_.Take(prefix + "proj.weight", {width_, width_});
    attention.out_bias = Bias(prefix + "proj", width_);
    return attention;
  }

  DavitBlock LoadBlock(const std::string& prefix, DavitAttention attention) {
    const std::int64_t inner = config_.Inner(stage_);
    at::Tensor up = weights_.Take(prefix + "ffn.fc1.weight", {inner, width_});
    at::Tensor down = weights_.Take(prefix + "ffn.fc2.weight", {width_, inner});
    Mlp mlp(std::move(up), Bias(prefix + "ffn.fc1", inner), std::move(down),
            Bias(prefix + "ffn.fc2", width_), config_.activation,
            /*gated=*/false, placement_);
    return DavitBlock({.conv1 = LoadDepthwise(prefix + "conv1"),
                       .norm1 = LoadNorm(prefix + "norm1", width_),
                       .attention = std::move(attention),
                       .conv2 = LoadDepthwise(prefix + "conv2"),
                       .norm2 = LoadNorm(prefix + "norm2", width_),
                       .mlp = std::move(mlp)});
  }

  WeightStore& weights_;
  const Florence2Config& config_;
  std::size_t stage_;
  std::int64_t width_;
  Placement placement_;
};

// Where the tower's tensors are: in the whole model with or without its
// language head, or alone.
std::string FindPrefix(const WeightStore& weights) {
  for (const char* prefix : {"model.vision_tower.", "vision_tower."})
    if (weights.Has(std::string(prefix) + "convs.0.conv.weight")) return prefix;
  return "";
}

// The language model and what leads to it, in transformers' names and in those
// of the release with remote code.
const IgnoredKeys kDavitIgnored = {
    .prefixes = {"model.language_model.", "model.multi_modal_projector.",
                 "language_model.", "multi_modal_projector.", "lm_head.",
                 "final_logits_bias", "image_projection", "image_proj_norm.",
                 "image_pos_embed.", "visual_temporal_embed."},
    .suffixes = {}};

struct Tower {
  std::vector<DavitStage> stages;
  EncoderInfo info;
};

Tower LoadTower(WeightStore& weights,
                const Checkpoint& checkpoint,
                const Placement& placement) {
  std::string source = checkpoint.config_source;
  Json object = checkpoint.config;
  if (checkpoint.model_type == "florence2") {
    object = checkpoint.config.value("vision_config", Json::object());
    source += ": \"vision_config\"";
  }
  const Florence2Config config = ReadDavitConfig(ConfigReader(object, source));
  const std::string prefix = FindPrefix(weights);
  Tower tower;
  int stride = 1;
  for (std::size_t i = 0; i < config.widths.size(); ++i) {
    tower.stages.push_back(
        StageLoader(weights, config, i, placement).Load(prefix));
    stride *= static_cast<int>(config.strides[i]);
    tower.info.pyramid.push_back({config.widths[i], stride});
  }
  EncoderInfo& info = tower.info;
  info.family = checkpoint.model_type;
  info.image_height = info.image_width = kDefaultSide;
  info.patch_size = stride;
  info.pools = {{Pool::kMean, config.widths.back()}};
  info.default_pool = Pool::kMean;
  info.token_width = config.widths.back();
  return tower;
}

}  // namespace

std::unique_ptr<ImageEncoder> MakeFlorence2VisionEncoder(
    const Checkpoint& checkpoint, const EncoderOptions& options) {
  const Placement placement = PlacementOf(options);
  WeightStore weights(checkpoint, Florence2Layouts());
  Tower tower = LoadTower(weights, checkpoint, placement);
  weights.Finish(kDavitIgnored, options, tower.info);
  return std::make_unique<Davit>(std::move(tower.stages), weights.source(),
                                 std::move(tower.info), placement);
}

std::unique_ptr<ImageEncoder> LoadFlorence2Tower(WeightStore& weights,
                                                 const Checkpoint& checkpoint,
                                                 const Placement& placement) {
  Tower tower = LoadTower(weights, checkpoint, placement);
  return std::make_unique<Davit>(std::move(tower.stages), weights.source(),
                                 std::move(tower.info), placement);
}

}  // namespace eyechart::encoders
