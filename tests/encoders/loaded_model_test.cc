#include "encoders/loaded_model.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "tests/encoders/toy_families.h"
#include "tests/fixture.h"

namespace eyechart::encoders {
namespace {

using eyechart::testing::InputErrorOf;
using eyechart::testing::TempFolder;
using eyechart::testing::WriteText;

constexpr const char* kSmallPictures = R"({
  "image_processor_type": "CLIPImageProcessor",
  "size": {"shortest_edge": 8}, "crop_size": {"height": 8, "width": 8},
  "image_mean": [0.25, 0.25, 0.25], "image_std": [0.5, 0.5, 0.5]})";

data::PreprocessOptions PreprocessOfModel(const std::filesystem::path& model) {
  return PreprocessOf(OpenCheckpoint(model.string()), {});
}

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

// "preprocess" is required of an exported model, and means what it says.
TEST(PreprocessOf, AnExportedModelStandsBeforeTheFolder) {
  const TempFolder folder;
  WriteText(folder / "model.pt", "program");
  const Json config = {{"format", "torchscript"},
                       {"model", "model.pt"},
                       {"image_size", 28},
                       {"outputs", {{"pooled", 0}}},
                       {"preprocess",
                        {{"image_processor_type", "CLIPImageProcessor"},
                         {"size", {{"shortest_edge", 28}}},
                         {"crop_size", {{"height", 28}, {"width", 28}}}}}};
  WriteText(folder / "eyechart.json", config.dump());
  const std::string alone =
      data::PreprocessSha256(PreprocessOfModel(folder.path()));
  WriteText(folder / "preprocessor_config.json", kSmallPictures);
  WriteText(folder / "processor_config.json",
            fmt::format(R"({{"image_processor": {}}})", kSmallPictures));
  const data::PreprocessOptions beside = PreprocessOfModel(folder.path());
  EXPECT_EQ(beside.crop_height, 28);
  EXPECT_EQ(data::PreprocessSha256(beside), alone);
}

TEST(PreprocessOf, TheFolderStandsBeforeTheReleasesDefaults) {
  const TempFolder folder;
  const auto of_folder = [&] { return PreprocessOfModel(folder.path()); };
  testing::WriteSafetensors(folder / "ViT-toy.safetensors",
                            testing::OpenAiArchive());
  const int own = static_cast<int>(testing::kPatch * testing::kSide);
  EXPECT_EQ(of_folder().crop_height, own);

  WriteText(folder / "preprocessor_config.json", kSmallPictures);
  EXPECT_EQ(of_folder().crop_height, 8);

  // As transformers 5 writes it.
  std::filesystem::remove(folder / "preprocessor_config.json");
  WriteText(folder / "processor_config.json",
            fmt::format(R"({{"image_processor": {}}})", kSmallPictures));
  EXPECT_EQ(of_folder().crop_height, 8);
  EXPECT_EQ(of_folder().mean[0], 0.25);

  // A processor may say nothing of pictures.
  WriteText(folder / "processor_config.json", R"({"processor_class": "X"})");
  EXPECT_EQ(of_folder().crop_height, own);
}

// What lies beside a named file of another model is not about it.
TEST(PreprocessOf, AnotherModelsFolderCountsForNothing) {
  const TempFolder folder;
  const auto file = folder / "ViT-toy.safetensors";
  testing::WriteSafetensors(file, testing::OpenAiArchive());
  WriteText(folder / "config.json", testing::Dinov2Config().dump());
  WriteText(folder / "preprocessor_config.json", kSmallPictures);
  EXPECT_EQ(PreprocessOfModel(file).crop_height,
            testing::kPatch * testing::kSide);
  WriteText(folder / "config.json", R"({"model_type": "clip"})");
  EXPECT_EQ(PreprocessOfModel(file).crop_height, 8);
}

TEST(LoadModel, NamesAModelThatIsNotThere) {
  ModelSpec spec;
  spec.model = "no/such-model";
  EXPECT_NE(InputErrorOf([&] { LoadModel(spec); }).find("no/such-model"),
            std::string::npos);
}

}  // namespace
}  // namespace eyechart::encoders
