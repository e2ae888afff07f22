// SigLIP on toy weights: shapes, pools and what is refused. That the numbers
// are right is tests/oracle/'s to say.
#include "encoders/siglip.h"

#include <ATen/ops/randn.h>
#include <gtest/gtest.h>

#include <limits>
#include <tuple>

#include "encoders/text_encoder.h"
#include "tests/encoders/toy_checkpoint.h"
#include "tests/encoders/toy_pieces.h"
#include "tests/fixture.h"

namespace eyechart::encoders {
namespace {

using eyechart::testing::InputErrorOf;
using eyechart::testing::TempFolder;
using eyechart::testing::WriteText;
using testing::kWidth;
using testing::RandomTensor;
using testing::SiglipConfig;
using testing::SiglipTextTensors;
using testing::SiglipVisionConfig;
using testing::SiglipVisionTensors;
using testing::ToyTensors;

using Shape = std::vector<std::int64_t>;

class SiglipTest : public ::testing::Test {
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

  TempFolder temp_;
};

TEST_F(SiglipTest, HasNoClassToken) {
  for (const char* prefix : {"", "vision_model."}) {
    const auto encoder =
        Make(SiglipVisionConfig(), SiglipVisionTensors(prefix));
    const EncoderInfo& info = encoder->info();
    EXPECT_EQ(info.pools, (std::map<Pool, std::int64_t>{
                              {Pool::kHead, kWidth}, {Pool::kMean, kWidth}}));
    EXPECT_EQ(info.default_pool, Pool::kHead);
    EXPECT_FALSE(info.has_text);
    const Features features = encoder->Encode(
        at::randn({2, 3, 13, 20}),
        {.pool = Pool::kHead, .tokens = true, .feature_map = true});
    EXPECT_EQ(features.pooled.sizes().vec(), (Shape{2, kWidth}));
    EXPECT_EQ(features.tokens.sizes().vec(), (Shape{2, 15, kWidth}));
    EXPECT_EQ(features.feature_map.sizes().vec(), (Shape{2, kWidth, 3, 5}));
    EXPECT_EQ(encoder->TokenCount(13, 20), 15);
  }
}

TEST_F(SiglipTest, WithoutHeadTheMeanIsTheDefault) {
  Json config = SiglipVisionConfig();
  config["vision_use_head"] = false;
  ToyTensors tensors = SiglipVisionTensors("");
  EXPECT_NE(MakeError(config, tensors).find("head."), std::string::npos);
  std::erase_if(tensors, [](const auto& entry) {
    return entry.first.starts_with("head.");
  });
  const auto encoder = Make(config, tensors);
  EXPECT_FALSE(encoder->info().pools.contains(Pool::kHead));
  EXPECT_EQ(encoder->info().default_pool, Pool::kMean);
}

TEST_F(SiglipTest, BadTensorsAreNamed) {
  ToyTensors tensors = SiglipVisionTensors("");
  tensors["head.probe"] = RandomTensor({1, 2, kWidth});
  std::string error = MakeError(SiglipVisionConfig(), tensors);
  EXPECT_NE(error.find("head.probe"), std::string::npos) << error;
  tensors = SiglipVisionTensors("");
  tensors.erase("head.attention.in_proj_bias");
  error = MakeError(SiglipVisionConfig(), tensors);
  EXPECT_NE(error.find("in_proj_bias"), std::string::npos) << error;
  tensors = SiglipVisionTensors("");
  tensors["embeddings.position_embedding.weight"] = RandomTensor({4, kWidth});
  error = MakeError(SiglipVisionConfig(), tensors);
  EXPECT_NE(error.find("position_embedding"), std::string::npos) << error;
  tensors = SiglipVisionTensors("");
  tensors["head.extra"] = RandomTensor({1});
  error = MakeError(SiglipVisionConfig(), tensors);
  EXPECT_NE(error.find("head.extra"), std::string::npos) << error;
}

class SiglipTextTest : public SiglipTest {
 protected:
  void SetUp() override {
    WriteText(temp_ / "model" / "spiece.model",
              testing::ToySentencePieceModel());
  }
  static ToyTensors BothTowers() {
    ToyTensors tensors = SiglipTextTensors();
    tensors.merge(SiglipVisionTensors("vision_model."));
    return tensors;
  }
  std::unique_ptr<TextEncoder> MakeText(const Json& config,
                                        const ToyTensors& tensors) {
    return TextEncoder::Create(Write(config, tensors), {});
  }
  std::string TextError(const Json& config, const ToyTensors& tensors) {
    return InputErrorOf([&] { MakeText(config, tensors); });
  }
};

TEST_F(SiglipTextTest, ATextDoesNotDependOnItsNeighbours) {
  ToyTensors tensors = BothTowers();
  const float bias = tensors["logit_bias"].values[0];
  const auto encoder = MakeText(SiglipConfig(), tensors);
  EXPECT_EQ(encoder->logit_bias(), bias);
  const at::Tensor both = encoder->Encode({"a photo", "cat cat cat cat cat"});
  EXPECT_EQ(both.sizes().vec(), (Shape{2, kWidth}));
  const at::Tensor alone = encoder->Encode({"a photo"});
  EXPECT_LT((both[0] - alone[0]).abs().max().item<float>(), 1e-5F);
  EXPECT_TRUE(Make(SiglipConfig(), tensors)->info().has_text);
}

TEST_F(SiglipTextTest, ClipHasNoBias) {
  class Plain : public TextEncoder {
    at::Tensor Encode(const std::vector<std::string>&) override { return {}; }
    double logit_scale() const override { return 1; }
  };
  EXPECT_EQ(Plain().logit_bias(), 0);
}

TEST_F(SiglipTextTest, WhatIsMissingIsNamed) {
  ToyTensors tensors = BothTowers();
  tensors.erase("logit_bias");
  std::string error = TextError(SiglipConfig(), tensors);
  EXPECT_NE(error.find("logit_bias"), std::string::npos) << error;

  Json config = SiglipConfig();
  config["text_config"]["pad_token_id"] = 20;
  error = TextError(config, BothTowers());
  EXPECT_NE(error.find("pad_token_id"), std::string::npos) << error;

  WriteText(temp_ / "model" / "spiece.model", "damaged");
  error = TextError(SiglipConfig(), BothTowers());
  EXPECT_NE(error.find("spiece.model"), std::string::npos) << error;
  std::filesystem::remove(temp_ / "model" / "spiece.model");
  error = TextError(SiglipConfig(), BothTowers());
  EXPECT_NE(error.find("no tokenizer"), std::string::npos) << error;
}

TEST_F(SiglipTextTest, ATokenizerOfAnotherModelIsRefused) {
  WriteText(temp_ / "model" / "tokenizer_config.json",
            R"({"pad_token": "[new]", "added_tokens_decoder":
                {"500": {"content": "[new]"}}})");
  const auto encoder = MakeText(SiglipConfig(), BothTowers());
  const std::string error = InputErrorOf([&] { encoder->Encode({"a"}); });
  EXPECT_NE(error.find("500"), std::string::npos) << error;
  EXPECT_EQ(error.rfind((temp_ / "model").string() + ": ", 0), 0U) << error;
}

TEST_F(SiglipTextTest, ATextWithoutTokensIsRefused) {
  std::filesystem::remove(temp_ / "model" / "spiece.model");
  Json json = testing::ToyTokenizerJson();
  json["post_processor"] = nullptr;
  WriteText(temp_ / "model" / "tokenizer.json", json.dump());
  const auto encoder = MakeText(SiglipConfig(), BothTowers());
  const std::string error = InputErrorOf([&] { encoder->Encode({"a", ""}); });
  EXPECT_EQ(error.rfind((temp_ / "model").string() + ": ", 0), 0U) << error;
  EXPECT_NE(error.find("no token for the text \"\""), std::string::npos)
      << error;
}

TEST_F(SiglipTextTest, ScaleAndBiasShouldBeFinite) {
  const float infinity = std::numeric_limits<float>::infinity();
  const float no_number = std::numeric_limits<float>::quiet_NaN();
  for (const auto& [name, value, shown] :
       {std::tuple{"logit_scale", no_number, "nan"},
        std::tuple{"logit_scale", infinity, "inf"},
        std::tuple{"logit_scale", 1000.0F, "1000"},
        std::tuple{"logit_bias", no_number, "nan"},
        std::tuple{"logit_bias", -infinity, "-inf"}}) {
    ToyTensors tensors = BothTowers();
    tensors[name].values = {value};
    const std::string error = TextError(SiglipConfig(), tensors);
    EXPECT_NE(error.find(fmt::format("model: tensor {} is {};", name, shown)),
              std::string::npos)
        << error;
  }
}

}  // namespace
}  // namespace eyechart::encoders
