#include <gtest/gtest.h>

#include <filesystem>

#include "core/files.h"
#include "core/hash.h"
#include "core/json.h"
#include "tests/cli/process.h"
#include "tests/encoders/toy_families.h"
#include "tests/fixture.h"

namespace eyechart {
namespace {

using testing::DemoCheckpoint;
using testing::Eyechart;
using testing::EyechartJson;

// A copy of the demo's checkpoint `name` that a test may spoil.
std::filesystem::path CopyOfDemo(const testing::TempFolder& temp,
                                 const std::string& name) {
  std::filesystem::path model = temp / name;
  std::filesystem::copy(DemoCheckpoint(name), model);
  return model;
}

// Gives a tensor another name of the same length: one missing, one unknown.
void RenameTensor(const std::filesystem::path& model,
                  const std::string& from,
                  const std::string& to) {
  const std::filesystem::path path = model / "model.safetensors";
  std::string weights = ReadFile(path);
  const std::size_t place = weights.find('"' + from + '"');
  ASSERT_NE(place, std::string::npos);
  ASSERT_EQ(from.size(), to.size());
  weights.replace(place + 1, from.size(), to);
  testing::WriteText(path, weights);
}

TEST(InspectCommand, HasTheContractsKeys) {
  for (const char* name : {"clip", "dinov2"}) {
    const Json json = EyechartJson({"inspect", DemoCheckpoint(name)});
    for (const char* key :
         {"schema", "command", "warnings", "family", "parameters", "flops",
          "image_size", "patch_size", "pools", "tokens", "text", "preprocess",
          "weights_sha256", "unused_keys", "missing_keys"})
      EXPECT_TRUE(json.contains(key)) << name << ": " << key;
    EXPECT_EQ(json["family"], name);
    EXPECT_EQ(json["text"], std::string(name) == "clip");
    EXPECT_TRUE(json["unused_keys"].empty());
    EXPECT_EQ(json["weights_sha256"],
              Sha256File(DemoCheckpoint(name) + "/model.safetensors"));
    EXPECT_GT(json["parameters"].get<int>(), 0);
    EXPECT_GT(json["flops"].get<double>(), 0);
    // Both read the class token alone.
    EXPECT_GT(json["flops_pooled"].get<double>(), 0);
    EXPECT_LT(json["flops_pooled"].get<double>(), json["flops"].get<double>());
    EXPECT_TRUE(json["warnings"].empty()) << json["warnings"];
  }
}

TEST(InspectCommand, CountsNoLessWhereAllTokensAreRead) {
  for (const char* name : {"aimv2", "florence2"}) {
    const Json json = EyechartJson({"inspect", DemoCheckpoint(name)});
    EXPECT_EQ(json["flops_pooled"], json["flops"]) << name;
  }
}

TEST(InspectCommand, LoadsWhatReadsAndWritesWords) {
  const auto words = [](const char* name) {
    return EyechartJson({"inspect", DemoCheckpoint(name)})["words"];
  };
  const Json clip = words("clip");
  EXPECT_EQ(clip["part"], "text tower");
  EXPECT_EQ(clip["loads"], true) << clip;
  EXPECT_TRUE(clip["problems"].empty());
  const Json florence2 = words("florence2");
  EXPECT_EQ(florence2["part"], "language model");
  EXPECT_EQ(florence2["loads"], true) << florence2;
  EXPECT_TRUE(words("dinov2").is_null());
}

TEST(InspectCommand, SaysWhyATextTowerWouldNotLoad) {
  const testing::TempFolder temp;
  const std::filesystem::path model = CopyOfDemo(temp, "clip");
  const std::string name = "text_model.final_layer_norm.";
  RenameTensor(model, name + "weight", name + "weighs");
  // The image side is whole, so the checkpoint loads.
  const auto missing = Eyechart({"inspect", model.string(), "--json"});
  EXPECT_EQ(missing.exit_code, 0) << missing.err;
  const Json json = ParseJson(missing.out, "stdout");
  EXPECT_EQ(json["words"]["loads"], false);
  EXPECT_NE(
      json["words"]["problems"].at(0).get<std::string>().find(name + "weight"),
      std::string::npos)
      << json["words"];
  EXPECT_NE(missing.err.find("text tower would not load"), std::string::npos)
      << missing.err;

  RenameTensor(model, name + "weighs", name + "weight");
  for (const char* file : {"tokenizer.json", "vocab.json", "merges.txt"})
    std::filesystem::remove(model / file);
  const auto silent = Eyechart({"inspect", model.string()});
  EXPECT_EQ(silent.exit_code, 0) << silent.err;
  EXPECT_NE(silent.out.find("text tower     would not load"), std::string::npos)
      << silent.out;
  EXPECT_NE(silent.err.find("tokenizer"), std::string::npos) << silent.err;

  // One does not hide the other.
  RenameTensor(model, name + "weight", name + "weighs");
  const Json both = EyechartJson({"inspect", model.string()})["words"];
  EXPECT_EQ(both["problems"].size(), 2U) << both;
}

TEST(InspectCommand, SaysWhyALanguageModelWouldNotLoad) {
  const testing::TempFolder temp;
  const std::filesystem::path model = CopyOfDemo(temp, "florence2");
  for (const char* file : {"tokenizer.json", "vocab.json", "merges.txt"})
    std::filesystem::remove(model / file);
  const auto result = Eyechart({"inspect", model.string()});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_NE(result.out.find("language model would not load"), std::string::npos)
      << result.out;
  EXPECT_NE(result.err.find("language model would not load"), std::string::npos)
      << result.err;
}

// The remote code's keys, which hold objects.
TEST(InspectCommand, SaysThatPositionsOfALanguageModelAreNoObject) {
  const testing::TempFolder temp;
  const std::filesystem::path model = CopyOfDemo(temp, "florence2");
  const Json config = ReadJsonFile(model / "config.json");
  for (const std::string key :
       {"image_pos_embed", "visual_temporal_embedding"}) {
    for (const bool null : {true, false}) {
      Json changed = config;
      changed["vision_config"][key] = null ? Json() : Json(5);
      testing::WriteText(model / "config.json", changed.dump());
      const Json words = EyechartJson({"inspect", model.string()})["words"];
      EXPECT_EQ(words["loads"], null) << words;
      if (null) continue;
      const std::string problem = words["problems"].at(0);
      EXPECT_NE(problem.find('"' + key + '"'), std::string::npos) << problem;
    }
  }
}

TEST(InspectCommand, WarnsOfPixelsThatNoPatchCovers) {
  const testing::TempFolder temp;
  const std::filesystem::path model = CopyOfDemo(temp, "dinov2");
  Json config = ReadJsonFile(model / "config.json");
  const int patch = config["patch_size"];
  const int image = config["image_size"];
  config["image_size"] = image + 2;
  testing::WriteText(model / "config.json", config.dump());
  const Json json = EyechartJson({"inspect", model.string()});
  ASSERT_EQ(json["warnings"].size(), 1U) << json["warnings"];
  const auto warning = json["warnings"][0].get<std::string>();
  EXPECT_NE(
      warning.find(fmt::format("\"image_size\" {0} x {0} is no multiple of the "
                               "patch, {1}: the last 2 rows and 2 columns",
                               image + 2, patch)),
      std::string::npos)
      << warning;
}

TEST(InspectCommand, CountsTokensOfAnotherResolution) {
  const std::string model = DemoCheckpoint("dinov2");
  const Json json = EyechartJson({"inspect", model, "--resolution", "48"});
  const int patch = json["patch_size"];
  EXPECT_EQ(json["tokens"]["count"], 1 + (56 / patch) * (56 / patch));
}

// open_clip's models may have a text tower of Hugging Face's.
TEST(InspectCommand, SaysWhyATextTowerIsLeftOut) {
  namespace toys = encoders::testing;
  const testing::TempFolder temp;
  Json file = toys::OpenClipConfig();
  file["model_cfg"]["text_cfg"] = {{"hf_model_name", "roberta-base"}};
  testing::WriteText(temp / "open_clip_config.json", file.dump());
  toys::ToyTensors tensors = toys::OpenClipTensors();
  tensors["text.proj.0.weight"] = toys::RandomTensor({3, 3});
  toys::WriteSafetensors(temp / "open_clip_model.safetensors", tensors);
  const auto result = Eyechart({"inspect", temp.path().string(), "--json"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  const Json json = ParseJson(result.out, "stdout");
  EXPECT_EQ(json["text"], false);
  EXPECT_EQ(json["words"]["loads"], false);
  ASSERT_EQ(json["words"]["problems"].size(), 1U) << json["words"];
  const std::string problem = json["words"]["problems"][0];
  EXPECT_NE(problem.find("hf_model_name"), std::string::npos) << problem;
  EXPECT_TRUE(json["unused_keys"].empty()) << json["unused_keys"];
  EXPECT_NE(result.err.find("text tower would not load"), std::string::npos)
      << result.err;
}

TEST(InspectCommand, SpeaksToPeople) {
  const auto result = Eyechart({"inspect", DemoCheckpoint("clip")});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_NE(result.out.find("family         clip"), std::string::npos)
      << result.out;
  EXPECT_NE(result.out.find("text tower     yes"), std::string::npos)
      << result.out;
  EXPECT_NE(result.out.find("where the pooled feature alone is asked for"),
            std::string::npos)
      << result.out;
}

TEST(InspectCommand, ListsWhatIsMissingAndEndsWithTwo) {
  const testing::TempFolder temp;
  const std::filesystem::path model = CopyOfDemo(temp, "dinov2");
  RenameTensor(model, "layernorm.weight", "layernorm.weighs");
  const auto result = Eyechart({"inspect", model.string(), "--json"});
  EXPECT_EQ(result.exit_code, 2);
  const Json json = ParseJson(result.out, "stdout");
  EXPECT_EQ(json["missing_keys"], Json::array({"layernorm.weight"}));
  EXPECT_EQ(json["unused_keys"], Json::array({"layernorm.weighs"}));
  EXPECT_NE(result.err.find("1 tensors are missing, which \"missing_keys\" "
                            "names"),
            std::string::npos)
      << result.err;
  const auto text = Eyechart({"inspect", model.string()});
  EXPECT_EQ(text.exit_code, 2);
  EXPECT_NE(text.err.find("missing, listed above"), std::string::npos)
      << text.err;
}

}  // namespace
}  // namespace eyechart
