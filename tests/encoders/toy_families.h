// Weights and configs of the encoder families that toy_checkpoint.h lacks, as
// small as they get.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "core/json.h"
#include "tests/encoders/toy_checkpoint.h"

namespace eyechart::encoders::testing {

inline void AddAffine(ToyTensors& tensors,
                      const std::string& name,
                      std::int64_t width) {
  tensors[name + ".weight"] = RandomTensor({width}, 1);
  tensors[name + ".bias"] = RandomTensor({width});
}

inline void AddLayer(ToyTensors& tensors,
                     const std::string& name,
                     std::vector<std::int64_t> shape) {
  tensors[name + ".bias"] = RandomTensor({shape.front()});
  tensors[name + ".weight"] = RandomTensor(std::move(shape));
}

/// AIMv2's image tower with its head.
inline ToyTensors Aimv2Tensors() {
  ToyTensors tensors;
  tensors["embeddings.patch_embed.weight"] =
      RandomTensor({kWidth, 3, kPatch, kPatch});
  tensors["embeddings.patch_embed.bias"] = RandomTensor({kWidth});
  tensors["embeddings.rms_norm.weight"] = RandomTensor({kWidth}, 1);
  tensors["embeddings.position_embedding.weight"] =
      RandomTensor({kSide * kSide, kWidth});
  for (std::int64_t i = 0; i < kLayers; ++i) {
    const std::string layer = fmt::format("encoder.layers.{}.", i);
    for (const char* norm : {"rms_norm1", "rms_norm2"})
      tensors[layer + norm + ".weight"] = RandomTensor({kWidth}, 1);
    for (const char* name : {"q_proj", "k_proj", "v_proj", "out_proj"})
      tensors[layer + "attention." + name + ".weight"] =
          RandomTensor({kWidth, kWidth});
    for (const char* name : {"gate_proj", "up_proj"})
      tensors[layer + "ffn." + name + ".weight"] =
          RandomTensor({kInner, kWidth});
    tensors[layer + "ffn.down_proj.weight"] = RandomTensor({kWidth, kInner});
  }
  tensors["rms_norm.weight"] = RandomTensor({kWidth}, 1);
  tensors["head.cls_token"] = RandomTensor({1, 1, kWidth});
  tensors["head.k_proj.weight"] = RandomTensor({kWidth, kWidth});
  tensors["head.v_proj.weight"] = RandomTensor({kWidth, kWidth});
  AddLayer(tensors, "head.output_proj", {kWidth, kWidth});
  return tensors;
}

inline Json Aimv2Config() {
  return {{"model_type", "aimv2_vision_model"},
          {"hidden_size", kWidth},
          {"intermediate_size", kInner},
          {"num_hidden_layers", kLayers},
          {"num_attention_heads", 3},
          {"image_size", kPatch * kSide},
          {"patch_size", kPatch},
          {"use_head", true},
          {"is_native", false},
          {"rms_norm_eps", 1e-5}};
}

/// DaViT of two stages, 8 and 12 channels, one block each.
inline ToyTensors DavitTensors(const std::string& prefix) {
  ToyTensors tensors;
  AddLayer(tensors, prefix + "convs.0.conv", {8, 3, 7, 7});
  AddAffine(tensors, prefix + "convs.0.norm", 8);
  AddLayer(tensors, prefix + "convs.1.conv", {12, 8, 3, 3});
  AddAffine(tensors, prefix + "convs.1.norm", 8);
  for (const std::int64_t stage : {0, 1}) {
    const std::int64_t c = stage == 0 ? 8 : 12;
    for (const std::string kind : {"spatial", "channel"}) {
      const std::string block =
          fmt::format("{}blocks.{}.0.{}_block.", prefix, stage, kind);
      const std::string attention =
          block + (kind == "spatial" ? "window_attn." : "channel_attn.");
      AddLayer(tensors, block + "conv1", {c, 1, 3, 3});
      AddLayer(tensors, block + "conv2", {c, 1, 3, 3});
      AddAffine(tensors, block + "norm1", c);
      AddAffine(tensors, block + "norm2", c);
      AddLayer(tensors, attention + "qkv", {3 * c, c});
      AddLayer(tensors, attention + "proj", {c, c});
      AddLayer(tensors, block + "ffn.fc1", {2 * c, c});
      AddLayer(tensors, block + "ffn.fc2", {c, 2 * c});
    }
  }
  return tensors;
}

inline Json DavitConfig() {
  return {{"model_type", "florence_vision"},
          {"embed_dim", {8, 12}},
          {"depths", {1, 1}},
          {"num_heads", {2, 3}},
          {"num_groups", {4, 2}},
          {"patch_size", {7, 3}},
          {"patch_stride", {4, 2}},
          {"patch_padding", {3, 0}},
          {"patch_prenorm", {false, true}},
          {"window_size", 4},
          {"mlp_ratio", 2},
          {"qkv_bias", true},
          {"activation_function", "gelu"}};
}

/// Hiera of two stages, 8 and 16 channels, one block each.
inline ToyTensors HieraTensors() {
  ToyTensors tensors;
  AddLayer(tensors, "embeddings.patch_embeddings.projection", {8, 3, 7, 7});
  tensors["embeddings.position_embeddings"] = RandomTensor({1, 64, 8});
  AddAffine(tensors, "pooler.layernorm", 16);
  for (const std::int64_t stage : {0, 1}) {
    const std::int64_t c = stage == 0 ? 8 : 16;
    const std::string block = fmt::format("encoder.stages.{}.layers.0.", stage);
    AddAffine(tensors, block + "layernorm_before", 8);
    AddAffine(tensors, block + "layernorm_after", c);
    AddLayer(tensors, block + "attn.qkv", {3 * c, 8});
    AddLayer(tensors, block + "attn.proj", {c, c});
    if (stage == 1) AddLayer(tensors, block + "proj", {c, 8});
    AddLayer(tensors, block + "mlp.fc1", {2 * c, c});
    AddLayer(tensors, block + "mlp.fc2", {c, 2 * c});
  }
  return tensors;
}

inline Json HieraConfig() {
  return {{"model_type", "hiera"},
          {"embed_dim", 8},
          {"embed_dim_multiplier", 2.0},
          {"image_size", {32, 32}},
          {"patch_size", {7, 7}},
          {"patch_stride", {4, 4}},
          {"patch_padding", {3, 3}},
          {"depths", {1, 1}},
          {"num_heads", {1, 2}},
          {"query_stride", {2, 2}},
          {"num_query_pool", 1},
          {"masked_unit_size", {4, 4}},
          {"masked_unit_attention", {true, false}},
          {"mlp_ratio", 2}};
}

/// Width of what CLIP's towers are projected to.
inline constexpr std::int64_t kEmbedded = 5;

/// CLIP's vision tower in open_clip's names.
inline ToyTensors OpenClipTensors() {
  ToyTensors tensors;
  tensors["visual.class_embedding"] = RandomTensor({kWidth});
  tensors["visual.positional_embedding"] =
      RandomTensor({1 + kSide * kSide, kWidth});
  tensors["visual.conv1.weight"] = RandomTensor({kWidth, 3, kPatch, kPatch});
  tensors["visual.proj"] = RandomTensor({kWidth, kEmbedded});
  AddAffine(tensors, "visual.ln_pre", kWidth);
  AddAffine(tensors, "visual.ln_post", kWidth);
  for (std::int64_t i = 0; i < kLayers; ++i) {
    const std::string block =
        fmt::format("visual.transformer.resblocks.{}.", i);
    AddAffine(tensors, block + "ln_1", kWidth);
    AddAffine(tensors, block + "ln_2", kWidth);
    tensors[block + "attn.in_proj_weight"] = RandomTensor({3 * kWidth, kWidth});
    tensors[block + "attn.in_proj_bias"] = RandomTensor({3 * kWidth});
    AddLayer(tensors, block + "attn.out_proj", {kWidth, kWidth});
    AddLayer(tensors, block + "mlp.c_fc", {2 * kWidth, kWidth});
    AddLayer(tensors, block + "mlp.c_proj", {kWidth, 2 * kWidth});
  }
  return tensors;
}

/// What tells an archive of OpenAI's CLIP: names, shapes, and numbers beside
/// the weights. No blocks, of which none could be run.
inline ToyTensors OpenAiArchive() {
  const std::int64_t width = 64;
  ToyTensors tensors;
  tensors["visual.positional_embedding"] =
      RandomTensor({1 + kSide * kSide, width});
  tensors["visual.conv1.weight"] = RandomTensor({width, 3, kPatch, kPatch});
  tensors["visual.proj"] = RandomTensor({width, kEmbedded});
  tensors["visual.transformer.resblocks.0.attn.in_proj_weight"] =
      RandomTensor({3 * width, width});
  for (const char* number :
       {"input_resolution", "context_length", "vocab_size"})
    tensors[number] = RandomTensor({});
  return tensors;
}

/// open_clip_config.json of OpenClipTensors.
inline Json OpenClipConfig() {
  return {{"model_cfg",
           {{"embed_dim", kEmbedded},
            {"quick_gelu", true},
            {"vision_cfg",
             {{"image_size", kPatch * kSide},
              {"layers", kLayers},
              {"width", kWidth},
              {"head_width", 4},
              {"mlp_ratio", 2.0},
              {"patch_size", kPatch}}},
            {"text_cfg",
             {{"context_length", 6},
              {"vocab_size", 20},
              {"width", kWidth},
              {"heads", 3},
              {"layers", 1}}}}},
          {"preprocess_cfg",
           {{"mean", {0.5, 0.4, 0.3}},
            {"std", {0.2, 0.3, 0.2}},
            {"interpolation", "bicubic"},
            {"resize_mode", "shortest"}}}};
}

}  // namespace eyechart::encoders::testing
