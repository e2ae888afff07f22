// AIMv2 on toy weights: what there is to pool, and what is refused. That the
// numbers are right is tests/oracle/'s to say.
#include "encoders/aimv2.h"

#include <ATen/ops/randn.h>
#include <gtest/gtest.h>

#include <limits>
#include <optional>

#include "encoders/aimv2_text.h"
#include "tests/encoders/toy_checkpoint.h"
#include "tests/fixture.h"

namespace eyechart::encoders {
namespace {

using eyechart::testing::InputErrorOf;
using eyechart::testing::TempFolder;
using eyechart::testing::WriteText;
using testing::kInner;
using testing::kLayers;
using testing::kPatch;
using testing::kSide;
using testing::kWidth;
using testing::RandomTensor;
using testing::ToyTensors;
using testing::WriteCheckpoint;

constexpr std::int64_t kVocabulary = 13;
constexpr std::int64_t kLength = 6;
constexpr std::int64_t kProjected = 5;

void AddBlocks(ToyTensors& tensors, const std::string& prefix) {
  for (std::int64_t i = 0; i < kLayers; ++i) {
    const std::string layer = fmt::format("{}encoder.layers.{}.", prefix, i);
    tensors[layer + "rms_norm1.weight"] = RandomTensor({kWidth}, 1);
    tensors[layer + "rms_norm2.weight"] = RandomTensor({kWidth}, 1);
    for (const char* name : {"q_proj", "k_proj", "v_proj", "out_proj"})
      tensors[layer + "attention." + name + ".weight"] =
          RandomTensor({kWidth, kWidth});
    tensors[layer + "ffn.gate_proj.weight"] = RandomTensor({kInner, kWidth});
    tensors[layer + "ffn.up_proj.weight"] = RandomTensor({kInner, kWidth});
    tensors[layer + "ffn.down_proj.weight"] = RandomTensor({kWidth, kInner});
  }
  tensors[prefix + "rms_norm.weight"] = RandomTensor({kWidth}, 1);
}

ToyTensors VisionTensors(const std::string& prefix = "") {
  ToyTensors tensors;
  const std::string embeddings = prefix + "embeddings.";
  tensors[embeddings + "patch_embed.weight"] =
      RandomTensor({kWidth, 3, kPatch, kPatch});
  tensors[embeddings + "patch_embed.bias"] = RandomTensor({kWidth});
  tensors[embeddings + "rms_norm.weight"] = RandomTensor({kWidth}, 1);
  tensors[embeddings + "position_embedding.weight"] =
      RandomTensor({kSide * kSide, kWidth});
  AddBlocks(tensors, prefix);
  return tensors;
}

void AddHead(ToyTensors& tensors, const std::string& prefix = "") {
  const std::string head = prefix + "head.";
  tensors[head + "cls_token"] = RandomTensor({1, 1, kWidth});
  tensors[head + "k_proj.weight"] = RandomTensor({kWidth, kWidth});
  tensors[head + "v_proj.weight"] = RandomTensor({kWidth, kWidth});
  testing::AddLinear(tensors, head + "output_proj", kWidth, kWidth);
}

ToyTensors LitTensors() {
  ToyTensors tensors = VisionTensors("vision_model.");
  AddHead(tensors, "vision_model.");
  AddBlocks(tensors, "text_model.");
  const std::string embeddings = "text_model.embeddings.";
  tensors[embeddings + "token_embedding.weight"] =
      RandomTensor({kVocabulary, kWidth});
  tensors[embeddings + "position_embedding.weight"] =
      RandomTensor({kLength, kWidth});
  tensors["visual_projection.weight"] = RandomTensor({kProjected, kWidth});
  tensors["text_projection.weight"] = RandomTensor({kProjected, kWidth});
  tensors["logit_scale"] = RandomTensor({}, 2);
  return tensors;
}

Json TowerConfig() {
  return {{"hidden_size", kWidth},
          {"intermediate_size", kInner},
          {"num_hidden_layers", kLayers},
          {"num_attention_heads", 3}};
}

Json VisionConfig(const Json& changes = Json::object()) {
  Json config = TowerConfig();
  config.update({{"model_type", "aimv2_vision_model"},
                 {"image_size", kPatch * kSide},
                 {"patch_size", kPatch},
                 {"use_head", false}});
  config.update(changes);
  return config;
}

Json LitConfig() {
  Json text = TowerConfig();
  text.update({{"vocab_size", kVocabulary},
               {"max_position_embeddings", kLength},
               {"eos_token_id", kVocabulary - 1}});
  return {{"model_type", "aimv2"},
          {"projection_dim", kProjected},
          {"vision_config", VisionConfig({{"use_head", true}})},
          {"text_config", text}};
}

class Aimv2Test : public ::testing::Test {
 protected:
  Checkpoint Write(const Json& config, const ToyTensors& tensors) {
    WriteCheckpoint(temp_ / "model", config, tensors);
    return OpenCheckpoint((temp_ / "model").string());
  }
  std::unique_ptr<ImageEncoder> Make(const Json& config,
                                     const ToyTensors& tensors) {
    return ImageEncoder::Create(Write(config, tensors), {});
  }
  std::string MakeError(const Json& config, const ToyTensors& tensors) {
    return InputErrorOf([&] { Make(config, tensors); });
  }
  void WriteTokenizer() {
    Json vocabulary;
    for (const char* token :
         {"a", "b", "c", "a</w>", "b</w>", "c</w>", "ab", "ab</w>", "abc</w>",
          "bc</w>", "!</w>", "<|startoftext|>", "<|endoftext|>"})
      vocabulary[token] = vocabulary.size();
    WriteText(temp_ / "model" / "vocab.json", vocabulary.dump());
    WriteText(temp_ / "model" / "merges.txt",
              "#version: 0.2\nb c</w>\na b\na b</w>\nab c</w>\n");
  }

  TempFolder temp_;
};

void ExpectHas(const std::string& text, const std::string& part) {
  EXPECT_NE(text.find(part), std::string::npos) << text;
}

TEST_F(Aimv2Test, HasTheHeadThatTheModelHas) {
  const auto plain = Make(VisionConfig(), VisionTensors());
  EXPECT_EQ(plain->info().pools,
            (std::map<Pool, std::int64_t>{{Pool::kMean, kWidth}}));
  EXPECT_EQ(plain->info().default_pool, Pool::kMean);
  EXPECT_FALSE(plain->info().has_text);

  ToyTensors tensors = VisionTensors();
  AddHead(tensors);
  const auto headed = Make(VisionConfig({{"use_head", true}}), tensors);
  EXPECT_EQ(headed->info().pools.at(Pool::kHead), kWidth);
  EXPECT_EQ(headed->info().default_pool, Pool::kHead);

  const auto lit = Make(LitConfig(), LitTensors());
  EXPECT_EQ(lit->info().pools.at(Pool::kHead), kProjected);
  EXPECT_FALSE(lit->info().pools.contains(Pool::kCls));
  EXPECT_TRUE(lit->info().has_text);
  EXPECT_TRUE(lit->info().unused_keys.empty());
}

TEST_F(Aimv2Test, FixedPositionsRefuseOtherSizes) {
  const auto encoder = Make(VisionConfig(), VisionTensors());
  for (const auto& [height, width] :
       {std::pair{16, 16}, {8, 8}, {12, 16}, {36, 4}}) {
    const std::string error = InputErrorOf([&] {
      encoder->Encode(at::randn({1, 3, height, width}), {.pool = Pool::kMean});
    });
    ExpectHas(error, fmt::format("{} x {} pixels", height, width));
    ExpectHas(error, "12 x 12 pixels");
  }
}

TEST_F(Aimv2Test, NativeTakesAnySize) {
  ToyTensors tensors = VisionTensors();
  tensors.erase("embeddings.position_embedding.weight");
  const auto encoder = Make(VisionConfig({{"is_native", true}}), tensors);
  const Features features = encoder->Encode(
      at::randn({2, 3, 8, 21}),
      {.pool = std::nullopt, .tokens = true, .feature_map = true});
  EXPECT_EQ(features.tokens.sizes().vec(),
            (std::vector<std::int64_t>{2, 10, kWidth}));
  EXPECT_EQ(features.feature_map.sizes().vec(),
            (std::vector<std::int64_t>{2, kWidth, 2, 5}));
  EXPECT_EQ(encoder->TokenCount(8, 21), 10);
  ExpectHas(InputErrorOf([&] {
              encoder->Encode(at::randn({1, 3, 3, 21}), {.pool = Pool::kMean});
            }),
            "smaller than one patch");
}

TEST_F(Aimv2Test, MissingTensorsAreNamed) {
  for (const char* name :
       {"embeddings.patch_embed.weight", "embeddings.rms_norm.weight",
        "embeddings.position_embedding.weight", "rms_norm.weight",
        "encoder.layers.1.ffn.up_proj.weight",
        "encoder.layers.0.attention.k_proj.weight"}) {
    ToyTensors tensors = VisionTensors();
    tensors.erase(name);
    ExpectHas(MakeError(VisionConfig(), tensors),
              std::string(name) + " is missing");
  }
  // A head that the config promises.
  ExpectHas(MakeError(VisionConfig({{"use_head", true}}), VisionTensors()),
            "5 tensors are missing: head.cls_token");
  ExpectHas(MakeError(VisionConfig({{"qkv_bias", true}}), VisionTensors()),
            "are missing: encoder.layers.0.attention.q_proj.bias");
}

TEST_F(Aimv2Test, UnknownKeysAreNamed) {
  ToyTensors tensors = VisionTensors();
  tensors["encoder.layers.0.ffn.up_proj.bias"] = RandomTensor({kInner});
  ExpectHas(MakeError(VisionConfig(), tensors),
            "encoder.layers.0.ffn.up_proj.bias");
}

TEST_F(Aimv2Test, BadConfigsNameTheKey) {
  const auto error = [&](const Json& changes) {
    return MakeError(VisionConfig(changes), VisionTensors());
  };
  ExpectHas(error({{"hidden_act", "gelu"}}), "\"hidden_act\" is \"gelu\"");
  ExpectHas(error({{"image_size", kPatch - 1}}), "below a patch");
  ExpectHas(error({{"num_attention_heads", 5}}), "5 attention heads");
  ExpectHas(error({{"rms_norm_eps", -1}}), "\"rms_norm_eps\" is -1");
  ExpectHas(error({{"rms_norm_eps", 1e30}}), "\"rms_norm_eps\" is 1e+30");
  ExpectHas(error({{"num_channels", 1}}), "num_channels");
  ExpectHas(error({{"hidden_size", kWidth + 2},
                   {"num_attention_heads", 1},
                   {"is_native", true}}),
            "multiple of 4");
  // Another size than the table's.
  ExpectHas(error({{"image_size", kPatch * (kSide + 1)}}),
            "position_embedding.weight has shape");
  Json lit = LitConfig();
  lit["vision_config"]["use_head"] = false;
  ExpectHas(MakeError(lit, LitTensors()), "use_head");
}

TEST_F(Aimv2Test, TextSaysWhatIsAmiss) {
  const auto error = [&](const Json& config, const ToyTensors& tensors) {
    const Checkpoint checkpoint = Write(config, tensors);
    WriteTokenizer();
    return InputErrorOf([&] { TextEncoder::Create(checkpoint, {}); });
  };
  EXPECT_EQ(error(LitConfig(), LitTensors()), "");

  Json flat = VisionConfig();
  flat["model_type"] = "aimv2";
  ExpectHas(error(flat, VisionTensors()), "an image tower alone");

  Json config = LitConfig();
  config["max_logit_scale"] = 0;
  ExpectHas(error(config, LitTensors()), "max_logit_scale");

  ToyTensors tensors = LitTensors();
  tensors.erase("text_projection.weight");
  ExpectHas(error(LitConfig(), tensors), "text_projection.weight is missing");

  config = LitConfig();
  config["text_config"]["max_position_embeddings"] = 1;
  tensors = LitTensors();
  tensors["text_model.embeddings.position_embedding.weight"] =
      RandomTensor({1, kWidth});
  ExpectHas(error(config, tensors), "leave no room");

  config = LitConfig();
  config["text_config"]["vocab_size"] = 7;
  tensors = LitTensors();
  tensors["text_model.embeddings.token_embedding.weight"] =
      RandomTensor({7, kWidth});
  const Checkpoint checkpoint = Write(config, tensors);
  WriteTokenizer();
  const std::string other = InputErrorOf(
      [&] { TextEncoder::Create(checkpoint, {})->Encode({"abc"}); });
  ExpectHas(other, "do not belong together");
  ExpectHas(other, "config.json");
}

TEST_F(Aimv2Test, AScaleThatIsNoNumberIsNamed) {
  const auto make = [&](float scale) {
    ToyTensors tensors = LitTensors();
    tensors["logit_scale"].values = {scale};
    const Checkpoint checkpoint = Write(LitConfig(), tensors);
    WriteTokenizer();
    return TextEncoder::Create(checkpoint, {});
  };
  ExpectHas(
      InputErrorOf([&] { make(std::numeric_limits<float>::quiet_NaN()); }),
      "model: tensor logit_scale is nan;");
  // Others are capped.
  EXPECT_NEAR(make(std::numeric_limits<float>::infinity())->logit_scale(), 100,
              1e-9);
}

}  // namespace
}  // namespace eyechart::encoders
