#include "encoders/registry.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/encoders/toy_families.h"
#include "tests/fixture.h"

namespace eyechart::encoders {
namespace {

using eyechart::testing::InputErrorOf;

Checkpoint OfType(const std::string& model_type) {
  Checkpoint checkpoint;
  checkpoint.folder = "folder";
  checkpoint.name = "folder";
  checkpoint.config_source =
      model_type == "exported" ? "folder/eyechart.json" : "config.json";
  checkpoint.model_type = model_type;
  return checkpoint;
}

TEST(RegistryTest, EveryFamilyMakesImagesAndIsListedOnce) {
  std::set<std::string_view> names;
  for (const Family& family : Families()) {
    EXPECT_TRUE(names.insert(family.model_type).second);
    EXPECT_NE(family.make_image, nullptr);
    EXPECT_FALSE(family.what.empty());
    EXPECT_EQ(&FindFamily(OfType(std::string(family.model_type))), &family);
  }
  EXPECT_TRUE(names.contains("clip") && names.contains("dinov2"));
}

TEST(RegistryTest, UnknownFamilyNamesTheKnown) {
  const std::string error = InputErrorOf([] { FindFamily(OfType("dinov3")); });
  EXPECT_NE(error.find("config.json"), std::string::npos) << error;
  EXPECT_NE(error.find("did you mean \"dinov2\""), std::string::npos) << error;
  EXPECT_NE(error.find("clip_vision_model"), std::string::npos) << error;
}

TEST(RegistryTest, ExportedIsNothingThatAConfigCanSay) {
  Checkpoint checkpoint = OfType("exported");
  checkpoint.config_source = "folder/config.json";
  const std::string error = InputErrorOf([&] { FindFamily(checkpoint); });
  EXPECT_NE(error.find("folder/config.json: \"model_type\" is exported"),
            std::string::npos)
      << error;
  EXPECT_NE(error.find("eyechart.json"), std::string::npos) << error;
  // As a folder.
  const eyechart::testing::TempFolder temp;
  testing::WriteCheckpoint(temp.path(), {{"model_type", "exported"}},
                           testing::Dinov2Tensors());
  EXPECT_NE(InputErrorOf([&] {
              ImageEncoder::Create(OpenCheckpoint(temp.path().string()), {});
            }).find("eyechart.json"),
            std::string::npos);
}

TEST(RegistryTest, NaFlexIsRefusedWithoutNamingALikeness) {
  for (const char* type : {"siglip2", "siglip2_vision_model"}) {
    const std::string error = InputErrorOf([&] { FindFamily(OfType(type)); });
    EXPECT_NE(error.find("SigLIP 2 NaFlex is not supported"), std::string::npos)
        << error;
    EXPECT_NE(error.find("(model_type siglip)"), std::string::npos) << error;
    EXPECT_EQ(error.find("did you mean"), std::string::npos) << error;
  }
}

TEST(RegistryTest, FamiliesWithoutTextSaySo) {
  const std::string error =
      InputErrorOf([] { TextEncoder::Create(OfType("dinov2"), {}); });
  EXPECT_NE(error.find("no text tower"), std::string::npos) << error;
}

// `inspect` builds models so: what it says is that of a model that runs.
TEST(RegistryTest, DescribedModelsSayWhatLoadedOnesDo) {
  namespace toys = testing;
  const std::vector<std::pair<Json, toys::ToyTensors>> models = {
      {toys::ClipVisionConfig(), toys::ClipVisionTensors("vision_model.")},
      {toys::SiglipVisionConfig(), toys::SiglipVisionTensors("vision_model.")},
      {toys::Dinov2Config(), toys::Dinov2Tensors()},
      {toys::Aimv2Config(), toys::Aimv2Tensors()},
      {toys::DavitConfig(), toys::DavitTensors("")},
      {toys::HieraConfig(), toys::HieraTensors()}};
  for (const auto& [config, tensors] : models) {
    const eyechart::testing::TempFolder temp;
    toys::WriteCheckpoint(temp.path(), config, tensors);
    const Checkpoint checkpoint = OpenCheckpoint(temp.path().string());
    const auto loaded = ImageEncoder::Create(checkpoint, {});
    EncoderOptions options;
    options.describe = true;
    const auto described = ImageEncoder::Create(checkpoint, options);
    const EncoderInfo& info = described->info();
    const EncoderInfo& expected = loaded->info();
    EXPECT_EQ(info.parameters, expected.parameters) << info.family;
    EXPECT_GT(info.parameters, 0) << info.family;
    EXPECT_EQ(info.pools, expected.pools) << info.family;
    EXPECT_EQ(info.default_pool, expected.default_pool) << info.family;
    EXPECT_EQ(info.block_parts, expected.block_parts) << info.family;
    EXPECT_EQ(info.token_width, expected.token_width) << info.family;
    EXPECT_EQ(info.pyramid.size(), expected.pyramid.size()) << info.family;
    EXPECT_EQ(info.unused_keys, expected.unused_keys) << info.family;
    const int height = info.image_height, width = info.image_width;
    EXPECT_EQ(described->TokenCount(height, width),
              loaded->TokenCount(height, width))
        << info.family;
    EXPECT_EQ(described->Flops(height, width), loaded->Flops(height, width))
        << info.family;
  }
}

TEST(RegistryTest, DescribingChecksShapesAndNames) {
  namespace toys = testing;
  const eyechart::testing::TempFolder temp;
  toys::ToyTensors tensors = toys::Dinov2Tensors();
  tensors["layernorm.weight"] = toys::RandomTensor({toys::kWidth + 1});
  toys::WriteCheckpoint(temp.path(), toys::Dinov2Config(), tensors);
  EncoderOptions options;
  options.describe = true;
  const std::string error = InputErrorOf([&] {
    ImageEncoder::Create(OpenCheckpoint(temp.path().string()), options);
  });
  EXPECT_NE(error.find("layernorm.weight"), std::string::npos) << error;
  EXPECT_NE(error.find("13"), std::string::npos) << error;
}

TEST(PoolTest, NamesReadBack) {
  for (const Pool pool : {Pool::kHead, Pool::kCls, Pool::kMean})
    EXPECT_EQ(ParsePool(PoolName(pool)), pool);
  EXPECT_NE(
      InputErrorOf([] { ParsePool("max"); }).find("head, cls, mean and blocks"),
      std::string::npos);
}

}  // namespace
}  // namespace eyechart::encoders
