#include <gtest/gtest.h>

#include <filesystem>

#include "core/files.h"
#include "core/hash.h"
#include "core/json.h"
#include "tests/cli/process.h"
#include "tests/fixture.h"

namespace eyechart {
namespace {

using testing::DemoCheckpoint;
using testing::Eyechart;
using testing::EyechartJson;

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
  }
}

TEST(InspectCommand, CountsTokensOfAnotherResolution) {
  const std::string model = DemoCheckpoint("dinov2");
  const Json json = EyechartJson({"inspect", model, "--resolution", "48"});
  const int patch = json["patch_size"];
  EXPECT_EQ(json["tokens"]["count"], 1 + (56 / patch) * (56 / patch));
}

TEST(InspectCommand, SpeaksToPeople) {
  const auto result = Eyechart({"inspect", DemoCheckpoint("clip")});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_NE(result.out.find("family         clip"), std::string::npos)
      << result.out;
  EXPECT_NE(result.out.find("text tower     yes"), std::string::npos)
      << result.out;
}

TEST(InspectCommand, ListsWhatIsMissingAndEndsWithTwo) {
  const testing::TempFolder temp;
  const std::filesystem::path model = temp / "model";
  std::filesystem::copy(DemoCheckpoint("dinov2"), model);
  // The same bytes under another name: one tensor missing, one unknown.
  std::string weights = ReadFile(model / "model.safetensors");
  const std::string name = "\"layernorm.weight\"";
  weights.replace(weights.find(name), name.size(), "\"layernorm.weighs\"");
  testing::WriteText(model / "model.safetensors", weights);
  const auto result = Eyechart({"inspect", model.string(), "--json"});
  EXPECT_EQ(result.exit_code, 2);
  const Json json = ParseJson(result.out, "stdout");
  EXPECT_EQ(json["missing_keys"], Json::array({"layernorm.weight"}));
  EXPECT_EQ(json["unused_keys"], Json::array({"layernorm.weighs"}));
  EXPECT_NE(result.err.find("1 tensors are missing"), std::string::npos)
      << result.err;
}

}  // namespace
}  // namespace eyechart
