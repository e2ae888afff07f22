#include "encoders/loaded_model.h"

#include <gtest/gtest.h>

#include "tests/fixture.h"

namespace eyechart::encoders {
namespace {

using testing::InputErrorOf;

TEST(Parse, KnowsItsWords) {
  EXPECT_EQ(ParseEncoderDType("bf16"), c10::kBFloat16);
  EXPECT_EQ(ParseAlpha("white"), data::AlphaMode::kWhite);
  EXPECT_EQ(ParseOrient("exif"), data::OrientMode::kExif);
  EXPECT_EQ(ParseDevice("cpu"), c10::Device(c10::kCPU));
}

TEST(Parse, SaysWhatWouldBeRight) {
  EXPECT_EQ(InputErrorOf([] { ParseEncoderDType("fp8"); }),
            "dtype \"fp8\": should be fp32, bf16 or fp16");
  EXPECT_NE(InputErrorOf([] { ParseAlpha("x"); }).find("drop or white"),
            std::string::npos);
  EXPECT_NE(InputErrorOf([] { ParseOrient("x"); }).find("none or exif"),
            std::string::npos);
  for (const char* bad : {"gpu", "cuda:", "cuda:x", "cuda:-1", "cuda:1000"})
    EXPECT_NE(
        InputErrorOf([&] { ParseDevice(bad); }).find("cpu, cuda or cuda:N"),
        std::string::npos)
        << bad;
}

TEST(ParseDevice, RefusesADeviceThatIsNotThere) {
  EXPECT_NE(
      InputErrorOf([] { ParseDevice("cuda:99"); }).find("use --device cpu"),
      std::string::npos);
}

TEST(LoadModel, NamesAModelThatIsNotThere) {
  ModelSpec spec;
  spec.model = "no/such-model";
  EXPECT_NE(InputErrorOf([&] { LoadModel(spec); }).find("no/such-model"),
            std::string::npos);
}

}  // namespace
}  // namespace eyechart::encoders
