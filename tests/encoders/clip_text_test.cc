// A text tower read left to right on toy weights, with MetaCLIP 2's kind of
// tokenizer: what is refused. That the numbers are right is tests/oracle/'s to
// say.
#include "encoders/clip_text.h"

#include <gtest/gtest.h>

#include <limits>

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
using testing::ToyTensors;

constexpr std::int64_t kProjected = 5;

ToyTensors TextTensors(std::int64_t vocabulary) {
  ToyTensors tensors;
  const std::string embeddings = "text_model.embeddings.";
  tensors[embeddings + "token_embedding.weight"] =
      RandomTensor({vocabulary, kWidth});
  tensors[embeddings + "position_embedding.weight"] =
      RandomTensor({testing::kTextLength, kWidth});
  testing::AddNorm(tensors, "text_model.final_layer_norm");
  testing::AddClipBlocks(tensors, "text_model.");
  tensors["text_projection.weight"] = RandomTensor({kProjected, kWidth});
  tensors["logit_scale"] = RandomTensor({}, 2);
  return tensors;
}

Json Config(std::int64_t vocabulary) {
  return {{"model_type", "metaclip_2"},
          {"projection_dim", kProjected},
          {"text_config",
           {{"hidden_size", kWidth},
            {"intermediate_size", testing::kInner},
            {"num_hidden_layers", testing::kLayers},
            {"num_attention_heads", 3},
            {"vocab_size", vocabulary},
            {"max_position_embeddings", testing::kTextLength},
            {"eos_token_id", 1}}}};
}

class ClipTextTest : public ::testing::Test {
 protected:
  void SetUp() override {
    WriteText(model_ / "tokenizer_config.json",
              R"({"tokenizer_class": "PreTrainedTokenizerFast"})");
    WriteTokenizer(testing::ToyTokenizerJson());
  }
  void WriteTokenizer(const Json& json) {
    WriteText(model_ / "tokenizer.json", json.dump());
  }
  std::unique_ptr<TextEncoder> Make(const ToyTensors& tensors,
                                    std::int64_t vocabulary) {
    WriteCheckpoint(model_, Config(vocabulary), tensors);
    return TextEncoder::Create(OpenCheckpoint(model_.string()), {});
  }
  std::unique_ptr<TextEncoder> Make(
      std::int64_t vocabulary = testing::kVocabulary) {
    return Make(TextTensors(vocabulary), vocabulary);
  }

  TempFolder temp_;
  const std::filesystem::path model_ = temp_ / "model";
};

void ExpectHas(const std::string& text, const std::string& part) {
  EXPECT_NE(text.find(part), std::string::npos) << text;
}

TEST_F(ClipTextTest, ATextWithoutTokensIsRefused) {
  // The end token stands behind nothing, too.
  EXPECT_EQ(Make()->Encode({"a photo", ""}).size(1), kProjected);
  Json json = testing::ToyTokenizerJson();
  json["post_processor"] = nullptr;
  json["normalizer"] = {{"type", "Strip"}};
  WriteTokenizer(json);
  const auto encoder = Make();
  EXPECT_EQ(encoder->Encode({"a photo"}).size(0), 1);
  for (const std::string text : {"", "  "}) {
    const std::string error = InputErrorOf([&] {
      encoder->Encode({"a photo", text});
    });
    ExpectHas(error, "tokenizer.json: ");
    ExpectHas(error, "no token for the text \"" + text + "\"");
  }
}

TEST_F(ClipTextTest, ATokenizerOfAnotherModelIsNamed) {
  const auto encoder = Make(5);
  const std::string error = InputErrorOf([&] { encoder->Encode({"photo"}); });
  ExpectHas(error, "tokenizer.json: the tokenizer gives id 12");
  ExpectHas(error, "do not belong together");
}

TEST_F(ClipTextTest, AScaleThatIsNoNumberIsNamed) {
  const float infinity = std::numeric_limits<float>::infinity();
  for (const auto& [value, shown] :
       {std::pair{std::numeric_limits<float>::quiet_NaN(), "nan"},
        std::pair{infinity, "inf"}, std::pair{-infinity, "-inf"},
        std::pair{1000.0F, "1000"}}) {
    ToyTensors tensors = TextTensors(testing::kVocabulary);
    tensors["logit_scale"].values = {value};
    const std::string error =
        InputErrorOf([&] { Make(tensors, testing::kVocabulary); });
    ExpectHas(error, model_.string());
    ExpectHas(error, fmt::format("tensor logit_scale is {};", shown));
  }
}

}  // namespace
}  // namespace eyechart::encoders
