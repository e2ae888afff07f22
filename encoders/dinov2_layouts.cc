#include "encoders/dinov2_layouts.h"

#include <fmt/ranges.h>

#include <array>

#include "core/error.h"

namespace eyechart::encoders {
namespace {

using enum KeyAction;

constexpr std::array kDinov2Rules = {
    KeyRule{"cls_token", "embeddings.cls_token"},
    KeyRule{"pos_embed", "embeddings.position_embeddings"},
    KeyRule{"register_tokens", "embeddings.register_tokens"},
    KeyRule{"mask_token", "embeddings.mask_token"},
    KeyRule{"patch_embed.proj.**", "embeddings.patch_embeddings.projection.**"},
    KeyRule{"blocks.*.norm1.**", "encoder.layer.*.norm1.**"},
    KeyRule{"blocks.*.norm2.**", "encoder.layer.*.norm2.**"},
    KeyRule{"blocks.*.attn.qkv.**",
            "encoder.layer.*.attention.attention.{query,key,value}.**", kSplit},
    KeyRule{"blocks.*.attn.proj.**",
            "encoder.layer.*.attention.output.dense.**"},
    KeyRule{"blocks.*.ls1.gamma", "encoder.layer.*.layer_scale1.lambda1"},
    KeyRule{"blocks.*.ls2.gamma", "encoder.layer.*.layer_scale2.lambda1"},
    KeyRule{"blocks.*.mlp.fc1.**", "encoder.layer.*.mlp.fc1.**"},
    KeyRule{"blocks.*.mlp.fc2.**", "encoder.layer.*.mlp.fc2.**"},
    KeyRule{"blocks.*.mlp.w12.**", "encoder.layer.*.mlp.weights_in.**"},
    KeyRule{"blocks.*.mlp.w3.**", "encoder.layer.*.mlp.weights_out.**"},
    KeyRule{"norm.**", "layernorm.**"},
};

constexpr std::array kDinov2Layouts = {
    KeyLayout{"Meta DINOv2", "blocks.*.ls1.gamma", kDinov2Rules},
};

// Of all that Meta released; the weights do not tell it.
constexpr std::int64_t kMetaHeadWidth = 64;

}  // namespace

std::span<const KeyLayout> Dinov2Layouts() { return kDinov2Layouts; }

ForeignModel DescribeMetaDinov2(const TensorShapes& shapes,
                                const std::string& source) {
  const auto& patches =
      ShapeOfRank(shapes, "patch_embed.proj.weight", 4, source);
  const std::int64_t width = patches[0];
  EYECHART_REQUIRE(width > 0 && width % kMetaHeadWidth == 0,
                   "{}: a DINOv2 of Meta's that is {} wide (tensor "
                   "patch_embed.proj.weight); its width should be a multiple "
                   "of {}, a head's",
                   source, width, kMetaHeadWidth);
  EYECHART_REQUIRE(
      patches[1] == 3 && patches[2] > 0 && patches[2] == patches[3],
      "{}: tensor patch_embed.proj.weight has shape [{}]; it should "
      "be [{}, 3, N, N], of square patches",
      source, fmt::join(patches, ", "), width);
  const auto& positions = ShapeOfRank(shapes, "pos_embed", 3, source);
  const std::int64_t side = SideOfSquare(
      positions[1] - 1,
      fmt::format("pos_embed, of shape [{}],", fmt::join(positions, ", ")),
      source);
  const bool registers = shapes.contains("register_tokens");
  ForeignModel model;
  model.config = {
      {"model_type", registers ? "dinov2_with_registers" : "dinov2"},
      {"hidden_size", width},
      {"num_hidden_layers", CountLayers(shapes, "blocks.", ".ls1.gamma")},
      {"num_attention_heads", width / kMetaHeadWidth},
      {"patch_size", patches[2]},
      {"image_size", patches[2] * side},
      {"use_swiglu_ffn", shapes.contains("blocks.0.mlp.w12.weight")},
      {"qkv_bias", shapes.contains("blocks.0.attn.qkv.bias")}};
  if (registers)
    model.config["num_register_tokens"] =
        ShapeOfRank(shapes, "register_tokens", 3, source)[1];
  model.preprocessor = {{"image_processor_type", "BitImageProcessor"},
                        {"size", {{"shortest_edge", 256}}},
                        {"crop_size", {{"height", 224}, {"width", 224}}},
                        {"image_mean", {0.485, 0.456, 0.406}},
                        {"image_std", {0.229, 0.224, 0.225}}};
  return model;
}

}  // namespace eyechart::encoders
