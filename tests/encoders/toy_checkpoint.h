// Checkpoint folders with small random weights, written by the tests.
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "core/json.h"
#include "core/safetensors.h"
#include "tests/fixture.h"

namespace eyechart::encoders::testing {

struct ToyTensor {
  std::vector<std::int64_t> shape;
  std::vector<float> values;
};
using ToyTensors = std::map<std::string, ToyTensor>;

/// Normal values around `mean`, from the test's own generator.
inline ToyTensor RandomTensor(std::vector<std::int64_t> shape,
                              float mean = 0,
                              float deviation = 0.2F) {
  std::size_t elements = 1;
  for (const std::int64_t extent : shape)
    elements *= static_cast<std::size_t>(extent);
  std::normal_distribution<float> normal(mean, deviation);
  ToyTensor tensor{std::move(shape), std::vector<float>(elements)};
  for (float& value : tensor.values) value = normal(eyechart::testing::Rng());
  return tensor;
}

inline void WriteSafetensors(const std::filesystem::path& path,
                             const ToyTensors& tensors) {
  std::vector<std::pair<std::string, TensorView>> views;
  for (const auto& [name, tensor] : tensors) {
    const auto* bytes =
        reinterpret_cast<const std::byte*>(tensor.values.data());
    views.emplace_back(name, TensorView{DType::kF32,
                                        tensor.shape,
                                        {bytes, 4 * tensor.values.size()}});
  }
  std::filesystem::create_directories(path.parent_path());
  std::ofstream out(path, std::ios::binary);
  out << SafetensorsHeader(views);
  for (const auto& [name, view] : views)
    out.write(reinterpret_cast<const char*>(view.data.data()),
              static_cast<std::streamsize>(view.data.size()));
}

inline constexpr std::int64_t kWidth = 12;
inline constexpr std::int64_t kInner = 20;
inline constexpr std::int64_t kLayers = 2;
inline constexpr std::int64_t kPatch = 4;
inline constexpr std::int64_t kSide = 3;  // patches a side

inline void AddNorm(ToyTensors& tensors, const std::string& name) {
  tensors[name + ".weight"] = RandomTensor({kWidth}, 1);
  tensors[name + ".bias"] = RandomTensor({kWidth});
}

inline void AddLinear(ToyTensors& tensors,
                      const std::string& name,
                      std::int64_t out,
                      std::int64_t in) {
  tensors[name + ".weight"] = RandomTensor({out, in});
  tensors[name + ".bias"] = RandomTensor({out});
}

/// The blocks that CLIP's and SigLIP's towers are made of.
inline void AddClipBlocks(ToyTensors& tensors, const std::string& prefix) {
  for (std::int64_t i = 0; i < kLayers; ++i) {
    const std::string layer = fmt::format("{}encoder.layers.{}.", prefix, i);
    AddNorm(tensors, layer + "layer_norm1");
    AddNorm(tensors, layer + "layer_norm2");
    for (const char* name : {"q_proj", "k_proj", "v_proj", "out_proj"})
      AddLinear(tensors, layer + "self_attn." + name, kWidth, kWidth);
    AddLinear(tensors, layer + "mlp.fc1", kInner, kWidth);
    AddLinear(tensors, layer + "mlp.fc2", kWidth, kInner);
  }
}

/// CLIP's vision tower, without a projection.
inline ToyTensors ClipVisionTensors(const std::string& prefix) {
  ToyTensors tensors;
  const std::string embeddings = prefix + "embeddings.";
  tensors[embeddings + "class_embedding"] = RandomTensor({kWidth});
  tensors[embeddings + "patch_embedding.weight"] =
      RandomTensor({kWidth, 3, kPatch, kPatch});
  tensors[embeddings + "position_embedding.weight"] =
      RandomTensor({1 + kSide * kSide, kWidth});
  AddNorm(tensors, prefix + "pre_layrnorm");
  AddNorm(tensors, prefix + "post_layernorm");
  AddClipBlocks(tensors, prefix);
  return tensors;
}

/// SigLIP's vision tower with its attention-pooling head.
inline ToyTensors SiglipVisionTensors(const std::string& prefix) {
  ToyTensors tensors;
  const std::string embeddings = prefix + "embeddings.";
  tensors[embeddings + "patch_embedding.weight"] =
      RandomTensor({kWidth, 3, kPatch, kPatch});
  tensors[embeddings + "patch_embedding.bias"] = RandomTensor({kWidth});
  tensors[embeddings + "position_embedding.weight"] =
      RandomTensor({kSide * kSide, kWidth});
  AddNorm(tensors, prefix + "post_layernorm");
  AddClipBlocks(tensors, prefix);
  const std::string head = prefix + "head.";
  tensors[head + "probe"] = RandomTensor({1, 1, kWidth}, 0, 1);
  tensors[head + "attention.in_proj_weight"] =
      RandomTensor({3 * kWidth, kWidth});
  tensors[head + "attention.in_proj_bias"] = RandomTensor({3 * kWidth});
  AddLinear(tensors, head + "attention.out_proj", kWidth, kWidth);
  AddNorm(tensors, head + "layernorm");
  AddLinear(tensors, head + "mlp.fc1", kInner, kWidth);
  AddLinear(tensors, head + "mlp.fc2", kWidth, kInner);
  return tensors;
}

inline constexpr std::int64_t kVocabulary = 20;
inline constexpr std::int64_t kTextLength = 6;

/// SigLIP's text tower.
inline ToyTensors SiglipTextTensors() {
  ToyTensors tensors;
  const std::string prefix = "text_model.";
  tensors[prefix + "embeddings.token_embedding.weight"] =
      RandomTensor({kVocabulary, kWidth});
  tensors[prefix + "embeddings.position_embedding.weight"] =
      RandomTensor({kTextLength, kWidth});
  AddNorm(tensors, prefix + "final_layer_norm");
  AddClipBlocks(tensors, prefix);
  AddLinear(tensors, prefix + "head", kWidth, kWidth);
  tensors["logit_scale"] = RandomTensor({1});
  tensors["logit_bias"] = RandomTensor({1});
  return tensors;
}

inline ToyTensors Dinov2Tensors() {
  ToyTensors tensors;
  tensors["embeddings.cls_token"] = RandomTensor({1, 1, kWidth});
  tensors["embeddings.mask_token"] = RandomTensor({1, kWidth});
  tensors["embeddings.position_embeddings"] =
      RandomTensor({1, 1 + kSide * kSide, kWidth});
  tensors["embeddings.patch_embeddings.projection.weight"] =
      RandomTensor({kWidth, 3, kPatch, kPatch});
  tensors["embeddings.patch_embeddings.projection.bias"] =
      RandomTensor({kWidth});
  AddNorm(tensors, "layernorm");
  for (std::int64_t i = 0; i < kLayers; ++i) {
    const std::string layer = fmt::format("encoder.layer.{}.", i);
    AddNorm(tensors, layer + "norm1");
    AddNorm(tensors, layer + "norm2");
    for (const char* name : {"query", "key", "value"})
      AddLinear(tensors, layer + "attention.attention." + name, kWidth, kWidth);
    AddLinear(tensors, layer + "attention.output.dense", kWidth, kWidth);
    AddLinear(tensors, layer + "mlp.fc1", 2 * kWidth, kWidth);
    AddLinear(tensors, layer + "mlp.fc2", kWidth, 2 * kWidth);
    tensors[layer + "layer_scale1.lambda1"] = RandomTensor({kWidth}, 1);
    tensors[layer + "layer_scale2.lambda1"] = RandomTensor({kWidth}, 1);
  }
  return tensors;
}

inline Json ClipVisionConfig() {
  return {{"model_type", "clip_vision_model"},
          {"hidden_size", kWidth},
          {"intermediate_size", kInner},
          {"num_hidden_layers", kLayers},
          {"num_attention_heads", 3},
          {"image_size", kPatch * kSide},
          {"patch_size", kPatch}};
}

inline Json SiglipVisionConfig() {
  Json config = ClipVisionConfig();
  config["model_type"] = "siglip_vision_model";
  return config;
}

/// Both towers.
inline Json SiglipConfig() {
  Json text = {
      {"hidden_size", kWidth},        {"intermediate_size", kInner},
      {"num_hidden_layers", kLayers}, {"num_attention_heads", 3},
      {"vocab_size", kVocabulary},    {"max_position_embeddings", kTextLength}};
  return {{"model_type", "siglip"},
          {"vision_config", SiglipVisionConfig()},
          {"text_config", std::move(text)}};
}

inline Json Dinov2Config() {
  return {{"model_type", "dinov2"},   {"hidden_size", kWidth},
          {"mlp_ratio", 2},           {"num_hidden_layers", kLayers},
          {"num_attention_heads", 3}, {"image_size", kPatch * kSide},
          {"patch_size", kPatch}};
}

inline void WriteCheckpoint(const std::filesystem::path& folder,
                            const Json& config,
                            const ToyTensors& tensors) {
  eyechart::testing::WriteText(folder / "config.json", config.dump());
  WriteSafetensors(folder / "model.safetensors", tensors);
}

}  // namespace eyechart::encoders::testing
