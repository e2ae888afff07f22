#include "encoders/registry.h"

#include <gtest/gtest.h>

#include <set>

#include "tests/fixture.h"

namespace eyechart::encoders {
namespace {

using eyechart::testing::InputErrorOf;

Checkpoint OfType(const std::string& model_type) {
  Checkpoint checkpoint;
  checkpoint.folder = "folder";
  checkpoint.name = "folder";
  checkpoint.config_source = "config.json";
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

TEST(PoolTest, NamesReadBack) {
  for (const Pool pool : {Pool::kHead, Pool::kCls, Pool::kMean})
    EXPECT_EQ(ParsePool(PoolName(pool)), pool);
  EXPECT_NE(
      InputErrorOf([] { ParsePool("max"); }).find("head, cls, mean and blocks"),
      std::string::npos);
}

}  // namespace
}  // namespace eyechart::encoders
