#include "encoders/open_clip_config.h"

#include <gtest/gtest.h>

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
  file["model_cfg"]["text_cfg"]["hf_model_name"] = "roberta-base";
  EXPECT_NE(ErrorOf(file).find("hf_model_name"), std::string::npos);
  file = File();
  file["preprocess_cfg"] = {{"resize_mode", "longest"}};
  EXPECT_NE(ErrorOf(file).find("resize_mode"), std::string::npos);
  EXPECT_NE(ErrorOf(Json::object()).find("model_cfg"), std::string::npos);
}

}  // namespace
}  // namespace eyechart::encoders
