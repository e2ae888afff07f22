#include "data/preprocess.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/fixture.h"

namespace eyechart::data {
namespace {

using testing::InputErrorOf;
using testing::TempFolder;
using testing::WriteText;

#define EXPECT_HAS(text, part) \
  EXPECT_NE((text).find(part), std::string::npos) << (text)

PreprocessOptions Read(const std::string& json,
                       const std::string& model_type = "clip") {
  TempFolder folder;
  WriteText(folder / "preprocessor_config.json", json);
  return ReadPreprocess(folder.path(), model_type);
}

std::string ErrorOf(const std::string& json,
                    const std::string& model_type = "clip") {
  return InputErrorOf([&] { Read(json, model_type); });
}

Image Gray(int width, int height, std::uint8_t value) {
  Image image{width, height, {}};
  image.pixels.assign(static_cast<std::size_t>(width) * height * 3, value);
  return image;
}

TEST(ReadPreprocess, DefaultsOfTheClasses) {
  const PreprocessOptions clip = Read("{}", "clip");
  EXPECT_EQ(clip.resize, ResizeMode::kShortestEdge);
  EXPECT_TRUE(clip.center_crop);
  EXPECT_EQ(clip.filter, Filter::kBicubic);
  EXPECT_EQ(clip.mean[0], 0.48145466);
  for (const char* type : {"metaclip_2", "metaclip_2_vision_model"})
    EXPECT_EQ(Read("{}", type).mean[0], clip.mean[0]) << type;
  const PreprocessOptions siglip = Read("{}", "siglip");
  EXPECT_EQ(siglip.resize, ResizeMode::kExact);
  EXPECT_FALSE(siglip.center_crop);
  EXPECT_EQ(siglip.stddev[2], 0.5);
  const PreprocessOptions vit =
      Read(R"({"image_processor_type":"ViTImageProcessorFast","size":32})");
  EXPECT_EQ(vit.resize, ResizeMode::kExact);
  EXPECT_EQ(vit.size_width, 32);
  EXPECT_EQ(vit.filter, Filter::kBilinear);
}

TEST(ReadPreprocess, BadFiles) {
  TempFolder folder;
  const std::string missing =
      InputErrorOf([&] { ReadPreprocess(folder.path(), "clip"); });
  EXPECT_HAS(missing, "preprocessor_config.json");
  EXPECT_HAS(missing, "image_mean");
  EXPECT_HAS(ErrorOf("[]"), "not a JSON object");
  EXPECT_HAS(ErrorOf("{}", "unheard_of"), "unheard_of");
  EXPECT_HAS(ErrorOf(R"({"image_processor_type":"CLIPImageProcesor"})"),
             "did you mean \"CLIPImageProcessor\"");
  EXPECT_HAS(ErrorOf(R"({"size":0})"), "\"size\" is 0");
  EXPECT_HAS(ErrorOf(R"({"size":-3})"), "-3");
  EXPECT_HAS(ErrorOf(R"({"size":1e9})"), "1000000000");
  EXPECT_HAS(ErrorOf(R"({"size":"224"})"), "\"224\"");
  EXPECT_HAS(ErrorOf(R"({"size":{"longest_edge":224}})"), "longest_edge");
  EXPECT_HAS(ErrorOf(R"({"size":{"height":224}})"), "height");
  EXPECT_HAS(ErrorOf(R"({"size":{"edge":224}})"), "size.edge");
  EXPECT_HAS(ErrorOf(R"({"size":null})"), "is null");
  EXPECT_HAS(ErrorOf(R"({"crop_size":{"shortest_edge":3}})"), "crop_size");
  EXPECT_HAS(ErrorOf(R"({"resample":9})"), "resample");
  EXPECT_HAS(ErrorOf(R"({"image_mean":[1,2]})"), "image_mean");
  EXPECT_HAS(ErrorOf(R"({"image_std":[1,0,1]})"), "holds 0");
  EXPECT_HAS(ErrorOf(R"({"do_resize":"yes"})"), "do_resize");
  EXPECT_HAS(ErrorOf(R"({"do_pad":true})"), "do_pad");
  EXPECT_HAS(ErrorOf(R"({"do_center_crop":true})", "siglip"), "crop_size");
}

TEST(ReadPreprocess, CropsThatNoPictureCouldHave) {
  const std::string error =
      ErrorOf(R"({"crop_size":{"height":65536,"width":65536}})");
  EXPECT_HAS(error, "preprocessor_config.json");
  EXPECT_HAS(error, "\"crop_size\" is");
  EXPECT_EQ(ErrorOf(R"({"crop_size":4096})"), "");
  // What is not done is not looked at.
  EXPECT_EQ(ErrorOf(R"({"crop_size":65536,"do_center_crop":false})"), "");
}

TEST(ReadPreprocess, ValuesThatAreNoNumbers) {
  for (const char* json :
       {R"({"image_mean":1e38})", R"({"image_mean":[0.5,-1e308,0.5]})",
        R"({"image_std":1e-40})", R"({"image_std":[1,1,1e308]})",
        R"({"rescale_factor":1e308})", R"({"rescale_factor":-1e38})",
        R"({"rescale_factor":1e37,"do_normalize":false})"}) {
    const std::string error = ErrorOf(json);
    EXPECT_HAS(error, "preprocessor_config.json");
    EXPECT_HAS(error, "no finite numbers");
  }
  EXPECT_HAS(ErrorOf(R"({"image_mean":[0.5,1e308,0.5]})"),
             "channel 1 becomes no finite numbers with \"rescale_factor\"");
  EXPECT_HAS(ErrorOf(R"({"rescale_factor":0})"), "\"rescale_factor\" is 0");
  EXPECT_HAS(ErrorOf(R"({"rescale_factor":1e-300})"), "is 1e-300");
  EXPECT_HAS(ErrorOf(R"({"image_std":-0.5})"), "holds -0.5");
  // Switched off, they do no harm.
  EXPECT_EQ(ErrorOf(R"({"image_std":0,"do_normalize":false})"), "");
  EXPECT_EQ(ErrorOf(R"({"rescale_factor":0,"do_rescale":false})"), "");
  EXPECT_EQ(ErrorOf(R"({"image_mean":[0,127.5,255],"rescale_factor":1})"), "");
}

TEST(ReadPreprocess, NestedFileStandsFirst) {
  TempFolder folder;
  WriteText(folder / "preprocessor_config.json", R"({"size":10})");
  WriteText(folder / "processor_config.json", R"({"processor_class":"X"})");
  EXPECT_EQ(ReadPreprocess(folder.path(), "clip").size_height, 10);
  WriteText(folder / "processor_config.json",
            R"({"image_processor":{"size":20}})");
  EXPECT_EQ(ReadPreprocess(folder.path(), "clip").size_height, 20);
}

TEST(Preprocess, CropsAndPadsAboutTheCenter) {
  PreprocessOptions options;
  options.resize = ResizeMode::kNone;
  options.rescale = options.normalize = false;
  options.crop_height = 5;
  options.crop_width = 2;
  // Larger than the picture: two rows above, one below. Smaller: one column
  // off, on the right.
  Image image = Gray(3, 2, 9);
  image.pixels[0] = 1;
  const Pixels out = Preprocess(image, options);
  ASSERT_EQ(out.height, 5);
  ASSERT_EQ(out.width, 2);
  const std::vector<float> red(out.values.begin(), out.values.begin() + 10);
  EXPECT_EQ(red, (std::vector<float>{0, 0, 0, 0, 1, 9, 9, 9, 0, 0}));
}

TEST(Preprocess, RescalesAndNormalizesPaddingToo) {
  PreprocessOptions options;
  options.resize = ResizeMode::kNone;
  options.crop_height = options.crop_width = 3;
  options.mean = {0.5, 0.25, 0};
  options.stddev = {0.5, 1, 2};
  const Pixels out = Preprocess(Gray(1, 1, 255), options);
  ASSERT_EQ(out.values.size(), 27u);
  EXPECT_FLOAT_EQ(out.values[0], -1.0f);
  EXPECT_FLOAT_EQ(out.values[4], 1.0f);
  EXPECT_FLOAT_EQ(out.values[9], -0.25f);
  EXPECT_FLOAT_EQ(out.values[9 + 4], 0.75f);
  EXPECT_FLOAT_EQ(out.values[18 + 4], 0.5f);
}

TEST(Preprocess, ExtremeShapesAreErrorsOfThePicture) {
  PreprocessOptions options;
  options.resize = ResizeMode::kFitWithin;
  options.size_height = options.size_width = 10;
  options.center_crop = false;
  EXPECT_THROW(Preprocess(Gray(5000, 1, 0), options), DecodeError);
  options.resize = ResizeMode::kShortestEdge;
  options.size_height = 65536;
  EXPECT_THROW(Preprocess(Gray(100000, 1, 0), options), DecodeError);
  options.resize = ResizeMode::kNone;
  options.center_crop = true;
  options.crop_height = options.crop_width = 65536;
  EXPECT_THROW(Preprocess(Gray(2, 2, 0), options), DecodeError);
}

TEST(WithResolution, KeepsTheRatioOfSquareCrops) {
  PreprocessOptions options;
  options.size_height = 256;
  const PreprocessOptions square = WithResolution(options, 448, 448);
  EXPECT_EQ(square.size_height, 512);
  EXPECT_EQ(FixedInputSize(square).width, 448);
  const PreprocessOptions exact = WithResolution(options, 448, 224);
  EXPECT_EQ(exact.resize, ResizeMode::kExact);
  EXPECT_FALSE(exact.center_crop);
  EXPECT_EQ(FixedInputSize(exact).height, 448);
  EXPECT_EQ(FixedInputSize(exact).width, 224);
  EXPECT_HAS(InputErrorOf([&] { WithResolution(options, 0, 3); }), "0x3");
}

TEST(FixedInputSize, VaryingWithoutACrop) {
  PreprocessOptions options;
  options.center_crop = false;
  EXPECT_EQ(FixedInputSize(options).height, 0);
  options.resize = ResizeMode::kExact;
  EXPECT_EQ(FixedInputSize(options).height, 224);
}

TEST(PreprocessSha256, TellsSettingsApart) {
  const PreprocessOptions base;
  EXPECT_EQ(PreprocessSha256(base), PreprocessSha256(base));
  EXPECT_EQ(PreprocessToJson(base)["resample"], "bicubic");
  const auto differs = [&base](auto change) {
    PreprocessOptions other = base;
    change(other);
    return PreprocessSha256(other) != PreprocessSha256(base);
  };
  using O = PreprocessOptions;
  EXPECT_TRUE(differs([](O& o) { o.decode.alpha = AlphaMode::kWhite; }));
  EXPECT_TRUE(differs([](O& o) { o.decode.orient = OrientMode::kExif; }));
  EXPECT_TRUE(differs([](O& o) { o.decode.mode = DecodeMode::kFast; }));
  EXPECT_FALSE(PreprocessToJson(base).contains("decode"));
  EXPECT_TRUE(differs([](O& o) { o.size_height = 225; }));
  EXPECT_TRUE(differs([](O& o) { o.longest_edge = 300; }));
  EXPECT_TRUE(differs([](O& o) { o.filter = Filter::kBox; }));
  EXPECT_TRUE(differs([](O& o) { o.crop_width = 200; }));
  EXPECT_TRUE(differs([](O& o) { o.rescale_factor = 1; }));
  EXPECT_TRUE(differs([](O& o) { o.mean[1] = 0.1; }));
  EXPECT_TRUE(differs([](O& o) { o.normalize = false; }));
  // What a switched-off step would do is no difference.
  PreprocessOptions off = base;
  off.center_crop = false;
  PreprocessOptions other = off;
  other.crop_width = 7;
  EXPECT_EQ(PreprocessSha256(off), PreprocessSha256(other));
}

}  // namespace
}  // namespace eyechart::data
