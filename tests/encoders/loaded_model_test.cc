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
}

TEST(Parse, SaysWhatWouldBeRight) {
  EXPECT_EQ(InputErrorOf([] { ParseEncoderDType("fp8"); }),
            "dtype \"fp8\": should be fp32, bf16 or fp16");
  EXPECT_NE(InputErrorOf([] { ParseAlpha("x"); }).find("drop or white"),
            std::string::npos);
  EXPECT_NE(InputErrorOf([] { ParseOrient("x"); }).find("none or exif"),
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
