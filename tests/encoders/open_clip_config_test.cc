#include "encoders/open_clip_config.h"

#include <gtest/gtest.h>

#include "encoders/image_encoder.h"
#include "encoders/text_encoder.h"
#include "tests/encoders/toy_families.h"
#include "tests/fixture.h"

namespace eyechart::encoders {
namespace {

using eyechart::testing::InputErrorOf;
using eyechart::testing::TempFolder;
using eyechart::testing::WriteText;

class OpenClipConfigTest : public ::testing::Test {
 protected:
  ForeignModel Read(const Json& file) {
    WriteText(temp_ / "open_clip_config.json", file.dump());
    return ReadOpenClipConfig(temp_ / "open_clip_config.json");
  }
  std::string ErrorOf(const Json& file) {
    return InputErrorOf([&] { Read(file); });
  }
  static Json File() {
    return {{"model_cfg",
             {{"embed_dim", 1024},
              {"vision_cfg",
               {{"image_size", 224},
                {"layers", 32},
                {"width", 1280},
                {"head_width", 80},
                {"patch_size", 14}}},
              {"text_cfg", {{"width", 1024}, {"heads", 16}, {"layers", 24}}}}}};
  }
  TempFolder temp_;
};

// ViT-H-14 as open_clip writes it, beside Hugging Face's conversion of it.
TEST_F(OpenClipConfigTest, ReadsViTH14) {
  const ForeignModel model = Read(File());
  const Json& vision = model.config["vision_config"];
  EXPECT_EQ(vision["num_attention_heads"], 16);
  EXPECT_EQ(vision["intermediate_size"], 5120);
  EXPECT_EQ(vision["hidden_act"], "gelu");
  EXPECT_EQ(model.config["text_config"]["max_position_embeddings"], 77);
  EXPECT_EQ(model.config["projection_dim"], 1024);
  EXPECT_EQ(model.preprocessor["size"]["shortest_edge"], 224);
}

TEST_F(OpenClipConfigTest, ReadsActivationAndPreprocessing) {
  Json file = File();
  file["model_cfg"]["quick_gelu"] = true;
  file["preprocess_cfg"] = {{"resize_mode", "squash"},
                            {"interpolation", "bilinear"},
                            {"mean", {0.5, 0.5, 0.5}}};
  const ForeignModel model = Read(file);
  EXPECT_EQ(model.config["vision_config"]["hidden_act"], "quick_gelu");
  EXPECT_EQ(model.preprocessor["do_center_crop"], false);
  EXPECT_EQ(model.preprocessor["resample"], 2);
  EXPECT_EQ(model.preprocessor["image_mean"][0], 0.5);
}

TEST_F(OpenClipConfigTest, RefusesAKeyTwice) {
  const std::string text = File().dump();
  WriteText(temp_ / "open_clip_config.json",
            text.substr(0, text.size() - 1) + R"(, "model_cfg": {}})");
  const std::string error = InputErrorOf(
      [&] { ReadOpenClipConfig(temp_ / "open_clip_config.json"); });
  EXPECT_NE(error.find("\"model_cfg\""), std::string::npos) << error;
}

TEST_F(OpenClipConfigTest, NamesWhatItCannotServe) {
  for (const auto& [key, value] :
       {std::pair<const char*, Json>{"timm_model_name", "vit_base"},
        {"attentional_pool", true},
        {"pool_type", "avg"},
        {"layers", {3, 4, 6, 3}},
        {"head_width", 7}}) {
    Json file = File();
    file["model_cfg"]["vision_cfg"][key] = value;
    EXPECT_NE(ErrorOf(file).find(key), std::string::npos) << ErrorOf(file);
  }
  Json file = File();
  file["preprocess_cfg"] = {{"resize_mode", "longest"}};
  EXPECT_NE(ErrorOf(file).find("resize_mode"), std::string::npos);
  EXPECT_NE(ErrorOf(Json::object()).find("model_cfg"), std::string::npos);
}

TEST_F(OpenClipConfigTest, TakesNullForAnAbsentObject) {
  const ForeignModel plain = Read(File());
  Json file = File();
  file["preprocess_cfg"] = nullptr;
  for (const char* key : {"norm_kwargs", "act_kwargs"})
    file["model_cfg"]["vision_cfg"][key] = nullptr;
  const ForeignModel model = Read(file);
  EXPECT_EQ(model.config, plain.config);
  EXPECT_EQ(model.preprocessor, plain.preprocessor);
}

TEST_F(OpenClipConfigTest, WantsObjectsWhereObjectsBelong) {
  for (const Json& wrong :
       {Json(5), Json("text"), Json::array(), Json::array({1})}) {
    Json file = File();
    file["preprocess_cfg"] = wrong;
    const std::string named = "\"preprocess_cfg\" is " + wrong.dump();
    EXPECT_NE(ErrorOf(file).find(named), std::string::npos) << ErrorOf(file);
    EXPECT_NE(ErrorOf(file).find("open_clip_config.json"), std::string::npos);
    for (const std::string key : {"norm_kwargs", "act_kwargs"}) {
      file = File();
      // Which stands before act_kwargs.
      file["model_cfg"]["quick_gelu"] = true;
      file["model_cfg"]["vision_cfg"][key] = wrong;
      EXPECT_NE(ErrorOf(file).find('"' + key + "\" is " + wrong.dump()),
                std::string::npos)
          << ErrorOf(file);
    }
  }
}

TEST_F(OpenClipConfigTest, NamesNumbersByItsOwnKeys) {
  for (const auto& [key, value] :
       {std::pair<const char*, Json>{"mlp_ratio", 1e308},
        {"mlp_ratio", -1.0},
        {"mlp_ratio", 0.0},
        {"width", 0},
        {"width", 1LL << 40},
        {"head_width", 0},
        {"layers", 0},
        {"patch_size", 0},
        {"image_size", -1},
        {"norm_kwargs", {{"eps", -1.0}}},
        {"norm_kwargs", {{"eps", 1e30}}}}) {
    Json file = File();
    file["model_cfg"]["vision_cfg"][key] = value;
    const std::string error = ErrorOf(file);
    EXPECT_NE(error.find(fmt::format("\"vision_cfg\": \"{}\"", key)),
              std::string::npos)
        << error;
    // A tower of text is left out then.
    file = File();
    if (!file["model_cfg"]["text_cfg"].contains(key)) continue;
    file["model_cfg"]["text_cfg"][key] = value;
    EXPECT_NE(Read(file).text_problem.find(fmt::format("\"{}\" is", key)),
              std::string::npos);
  }
  Json file = File();
  file["model_cfg"]["embed_dim"] = 0;
  EXPECT_NE(ErrorOf(file).find("\"embed_dim\" is 0"), std::string::npos);
  file["model_cfg"].erase("embed_dim");
  EXPECT_NE(ErrorOf(file).find("\"embed_dim\" is missing"), std::string::npos);
  file = File();
  file["model_cfg"]["vision_cfg"]["norm_kwargs"] = {{"eps", 0.25}};
  EXPECT_EQ(Read(file).config["vision_config"]["layer_norm_eps"], 0.25);
}

TEST_F(OpenClipConfigTest, LeavesOutATextTowerThatItDoesNotKnow) {
  const ForeignModel both = Read(File());
  EXPECT_EQ(both.text_problem, "");
  for (const auto& [key, value] :
       {std::pair<const char*, Json>{"hf_model_name", "roberta-base"},
        {"hf_tokenizer_name", "bert-base-uncased"},
        {"pool_type", "last"},
        {"no_causal_mask", true}}) {
    Json file = File();
    file["model_cfg"]["text_cfg"][key] = value;
    const ForeignModel model = Read(file);
    EXPECT_NE(model.text_problem.find(fmt::format("\"{}\" is", key)),
              std::string::npos)
        << model.text_problem;
    EXPECT_NE(model.text_problem.find("open_clip_config.json"),
              std::string::npos);
    // The image tower is as it was, with its way into the common space.
    Json vision = both.config["vision_config"];
    vision["model_type"] = "clip_vision_model";
    vision["projection_dim"] = 1024;
    EXPECT_EQ(model.config, vision);
    EXPECT_EQ(model.preprocessor, both.preprocessor);
  }
}

TEST_F(OpenClipConfigTest, EncodesPicturesWithoutTheTextTower) {
  Json file = testing::OpenClipConfig();
  file["model_cfg"]["text_cfg"] = {{"hf_model_name", "roberta-base"}};
  WriteText(temp_ / "open_clip_config.json", file.dump());
  testing::ToyTensors tensors = testing::OpenClipTensors();
  tensors["text.transformer.embeddings.word_embeddings.weight"] =
      testing::RandomTensor({7, 3});
  tensors["text.proj.0.weight"] = testing::RandomTensor({3, 3});
  tensors["logit_scale"] = testing::RandomTensor({});
  testing::WriteSafetensors(temp_ / "open_clip_model.safetensors", tensors);
  const Checkpoint checkpoint = OpenCheckpoint(temp_.path().string());
  const auto encoder = ImageEncoder::Create(checkpoint, {});
  EXPECT_EQ(encoder->info().PoolWidth(Pool::kHead), testing::kEmbedded);
  EXPECT_FALSE(encoder->info().has_text);
  const std::string error =
      InputErrorOf([&] { TextEncoder::Create(checkpoint, {}); });
  EXPECT_EQ(error, checkpoint.text_problem);
  EXPECT_NE(error.find("hf_model_name"), std::string::npos) << error;

  // What is unknown elsewhere stays an error.
  tensors["visual.more"] = testing::RandomTensor({2});
  testing::WriteSafetensors(temp_ / "open_clip_model.safetensors", tensors);
  EXPECT_NE(InputErrorOf([&] {
              ImageEncoder::Create(checkpoint, {});
            }).find("visual.more"),
            std::string::npos);
}

}  // namespace
}  // namespace eyechart::encoders
