#include "probes/detection/transfer/exported_detector.h"

#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <limits>

#include "core/files.h"
#include "probes/detection/transfer/picture_warnings.h"
#include "probes/detection/transfer/scores.h"
#include "tests/fixture.h"
#include "tests/probes/detection/transfer/colour_detector.h"

namespace eyechart::detection {
namespace {

using eyechart::testing::InputErrorOf;
using eyechart::testing::TempFolder;
using testing::ColourConfig;
using testing::ColourPng;
using testing::ColourSet;
using testing::DetrAnswers;
using testing::LabelledAnswers;
using testing::WriteColourDetector;
using testing::WriteConfig;
using testing::YoloAnswers;

class ExportedDetectorTest : public ::testing::Test {
 protected:
  encoders::ModelSpec Spec() const {
    encoders::ModelSpec spec;
    spec.model = (folder_ / "detector").string();
    return spec;
  }
  void Write(const char* forward, const Json& config) const {
    WriteColourDetector(folder_ / "detector", forward, config);
  }
  std::string ErrorOf(const Json& config) const {
    WriteConfig(folder_ / "detector", config);
    return InputErrorOf([&] { ExportedDetector detector(Spec()); });
  }

  const TempFolder folder_;
};

TEST_F(ExportedDetectorTest, FindsWhatIsThereHoweverItIsSaid) {
  const data::BoxDataset set = ColourSet(folder_ / "set");
  const BoxExamples examples(set);
  struct Case {
    const char* forward;
    Json answers;
    std::int64_t batch;
  };
  for (const Case& one :
       {Case{testing::kLabelledForward, LabelledAnswers(true), 0},
        Case{testing::kDetrForward, DetrAnswers(), 0},
        Case{testing::kYoloForward, YoloAnswers(), 0},
        // Three pictures of batches of two.
        Case{testing::kDetrForward, DetrAnswers(), 2}}) {
    Json config = ColourConfig(one.answers);
    if (one.batch > 0) config["batch"] = one.batch;
    Write(one.forward, config);
    ExportedDetector detector(Spec());
    EXPECT_EQ(detector.weights_sha256().size(), 64u);
    FindOptions options;
    options.batch = 3;
    options.nms.iou_threshold = 0.6;
    const AppliedDetector applied =
        ApplyExported(detector, examples, options, 1, Progress::None());
    EXPECT_TRUE(applied.problems.empty());
    ASSERT_EQ(applied.found.size(), 4u);
    std::size_t boxes = 0;
    for (const PictureBoxes& picture : applied.found) {
      EXPECT_EQ(picture.width, 64);
      for (const FoundBox& box : picture.boxes) {
        ++boxes;
        EXPECT_NEAR(box.score, box.category == 0 ? 0.9 : 0.8, 1e-6);
      }
    }
    EXPECT_EQ(boxes, set.boxes.size());
    const DetectionScores scores = ScoreBoxes(set, applied.found, {});
    EXPECT_DOUBLE_EQ(scores.stats.at("AP"), 1);
  }
}

TEST_F(ExportedDetectorTest, SuppressesOnlyWhereTheFileSaysSo) {
  const data::BoxDataset set = ColourSet(folder_ / "set");
  const BoxExamples examples(set);
  for (const bool needs_nms : {true, false}) {
    Write(testing::kLabelledForward, ColourConfig(LabelledAnswers(needs_nms)));
    ExportedDetector detector(Spec());
    const AppliedDetector applied =
        ApplyExported(detector, examples, {}, 1, Progress::None());
    const PictureBoxes& first = applied.found.front();
    EXPECT_EQ(first.before_nms, 3);
    EXPECT_EQ(first.boxes.size(), needs_nms ? 2u : 3u);
  }
}

TEST_F(ExportedDetectorTest, BoxesAreInThePicturesOwnPixels) {
  // 128 x 64, of which a letterbox takes half the height.
  const std::string png = ColourPng(128, 64, {16, 8, 32, 40}, {});
  eyechart::testing::WriteText(folder_ / "set/1.png", png);
  data::BoxDataset set;
  set.categories = {{1, "red", ""}};
  data::BoxImage row;
  row.id = "1";
  row.number = 1;
  row.path = "1.png";
  row.file = folder_ / "set/1.png";
  set.images.push_back(row);
  const BoxExamples examples(set);
  for (const char* resize : {"stretch", "letterbox"}) {
    Json config = ColourConfig(DetrAnswers());
    config["resize"] = resize;
    config["margin"] = {114, 114, 114};
    Write(testing::kDetrForward, config);
    ExportedDetector detector(Spec());
    EXPECT_EQ(detector.detector().canvas.margin[1], 114);
    const AppliedDetector applied =
        ApplyExported(detector, examples, {}, 1, Progress::None());
    ASSERT_EQ(applied.found.front().boxes.size(), 1u) << resize;
    const Corners& box = applied.found.front().boxes.front().corners;
    // Resized edges may be off by a pixel of the canvas.
    const Corners expected = {16, 8, 48, 48};
    for (std::size_t i = 0; i < 4; ++i)
      EXPECT_NEAR(box[i], expected[i], 2.001) << resize << i;
  }
}

// As a list that was written for the pictures before they were resized.
TEST_F(ExportedDetectorTest, BoxesAreInTheSetsPixelsWhereItSaysAnotherSize) {
  data::BoxDataset set = ColourSet(folder_ / "set");
  for (std::size_t i = 1; i < set.images.size(); ++i) {
    set.images[i].width *= 2;
    set.images[i].height *= 3;
  }
  for (data::TrueBox& box : set.boxes) {
    if (box.image == 0) continue;
    box.x *= 2;
    box.w *= 2;
    box.y *= 3;
    box.h *= 3;
    box.area *= 6;
  }
  const BoxExamples examples(set);
  Write(testing::kDetrForward, ColourConfig(DetrAnswers()));
  ExportedDetector detector(Spec());
  const AppliedDetector applied =
      ApplyExported(detector, examples, {}, 1, Progress::None());
  EXPECT_EQ(applied.found[1].width, 64);
  EXPECT_DOUBLE_EQ(ScoreBoxes(set, applied.found, {}).stats.at("AP"), 1);
  const std::vector<std::string> told = PictureWarnings(examples, applied);
  ASSERT_EQ(told.size(), 1u);
  EXPECT_NE(told[0].find("3 pictures have another size than the set says: "
                         "boxes are scaled between the two; the first is "
                         "2.png: 64 x 64 pixels, the set says 128 x 192"),
            std::string::npos)
      << told[0];
}

TEST_F(ExportedDetectorTest, PicturesThatCannotBeReadAreTold) {
  data::BoxDataset set = ColourSet(folder_ / "set");
  eyechart::testing::WriteText(set.images[2].file, "no picture");
  const BoxExamples examples(set);
  Write(testing::kDetrForward, ColourConfig(DetrAnswers()));
  ExportedDetector detector(Spec());
  const AppliedDetector applied =
      ApplyExported(detector, examples, {}, 1, Progress::None());
  ASSERT_EQ(applied.problems.size(), 1u);
  EXPECT_NE(applied.problems.front().find("3.png"), std::string::npos);
  EXPECT_EQ(applied.found[2].width, 0);
  EXPECT_TRUE(applied.found[2].boxes.empty());
  EXPECT_EQ(applied.found[3].boxes.size(), 2u);
}

TEST_F(ExportedDetectorTest, KnowsDetectionsProcessors) {
  Write(testing::kDetrForward, ColourConfig(DetrAnswers()));
  const auto of = [&](const Json& preprocess) {
    Json config = ColourConfig(DetrAnswers());
    config["preprocess"] = preprocess;
    WriteConfig(folder_ / "detector", config);
    return ExportedDetector(Spec()).preprocess();
  };
  const data::PreprocessOptions detr = of({{"do_pad", true}, {"size", "any"}});
  EXPECT_TRUE(detr.normalize);
  EXPECT_DOUBLE_EQ(detr.mean[0], 0.485);
  EXPECT_EQ(detr.filter, data::Filter::kBilinear);
  EXPECT_EQ(detr.size_height, 64);
  const data::PreprocessOptions rt_detr = of(
      {{"image_processor_type", "RTDetrImageProcessorFast"}, {"resample", 3}});
  EXPECT_FALSE(rt_detr.normalize);
  EXPECT_EQ(rt_detr.filter, data::Filter::kBicubic);
  EXPECT_TRUE(of({{"do_normalize", true},
                  {"image_processor_type", "RTDetrImageProcessor"}})
                  .normalize);
}

TEST_F(ExportedDetectorTest, IsKnownByItsFile) {
  EXPECT_FALSE(IsExportedDetector((folder_ / "detector").string()));
  Json encoder = ColourConfig({});
  encoder.erase("detector");
  WriteConfig(folder_ / "detector", encoder);
  EXPECT_FALSE(IsExportedDetector((folder_ / "detector").string()));
  WriteConfig(folder_ / "detector", ColourConfig({}));
  EXPECT_TRUE(IsExportedDetector((folder_ / "detector").string()));
}

TEST_F(ExportedDetectorTest, MistakesAreNamedWithFileKeyAndWhatIsRight) {
  Write(testing::kLabelledForward, ColourConfig(LabelledAnswers()));
  const Json good = ColourConfig(LabelledAnswers());
  EXPECT_EQ(ErrorOf(good), "");
  const auto says = [&](const Json& config, const char* part) {
    const std::string text = ErrorOf(config);
    EXPECT_NE(text.find("eyechart.json: "), std::string::npos) << text;
    EXPECT_NE(text.find(part), std::string::npos) << text;
    EXPECT_EQ(text.find('\n'), std::string::npos) << text;
  };
  const auto with = [&](const char* key, const Json& value) {
    Json config = good;
    config[key] = value;
    return config;
  };
  for (const char* key : {"format", "model", "image_size", "preprocess",
                          "detector", "categories"}) {
    Json config = good;
    config.erase(key);
    says(config, key);
  }
  says(with("format", "onnx"), "\"onnx\"; it should be torchscript");
  says(with("model", "absent.pt"), "absent.pt");
  says(with("model", "../detector.pt"), "../detector.pt");
  says(with("image_size", 0), "\"image_size\" is 0");
  says(with("resize", "crop"), "stretch or letterbox");
  says(with("margin", {1, 2, 300}), "0 to 255");
  says(with("categories", Json::array()), "list of names");
  says(with("categories", {"red", 2}), "holds 2");
  says(with("categorys", 2), "did you mean \"categories\"");
  Json index = good;
  index["detector"]["boxes"] = 7;
  says(index, "\"detector.boxes\" is 7; the program gives 3 tensors");
  index["detector"]["boxes"] = 1;
  says(index, "\"detector.boxes\" is 1, which has 3 values a box");
  // The program's own failure and a file that is none.
  Json batch = with("batch", -1);
  says(batch, "\"batch\" is -1");
  eyechart::testing::WriteText(folder_ / "detector/detector.pt", "no zip");
  EXPECT_NE(ErrorOf(good).find("no TorchScript program"), std::string::npos);
}

TEST_F(ExportedDetectorTest, TakesOtherSizesWhereTheFileSaysSo) {
  Json config = ColourConfig(DetrAnswers());
  Write(testing::kDetrForward, config);
  encoders::ModelSpec spec = Spec();
  const auto error = [&] {
    return InputErrorOf([&] { ExportedDetector detector(spec); });
  };
  spec.resolution = "32x96";
  EXPECT_NE(error().find("eyechart.json: --resolution 32x96: the program takes "
                         "64 x 64 pixels; \"any_size\" should be true"),
            std::string::npos)
      << error();
  spec.resolution = "64";  // its own
  EXPECT_EQ(error(), "");
  config["any_size"] = true;
  WriteConfig(folder_ / "detector", config);
  EXPECT_EQ(ExportedDetector(Spec()).detector().canvas.width, 64);
  spec.resolution = "32x96";
  const ExportedDetector detector(spec);
  EXPECT_EQ(detector.detector().canvas.height, 32);
  EXPECT_EQ(detector.detector().canvas.width, 96);
  spec.resolution = "wide";
  EXPECT_NE(error().find("N or HxW"), std::string::npos);
  spec.resolution.clear();
  spec.pool = "cls";
  EXPECT_NE(error().find("--pool"), std::string::npos);
}

TEST_F(ExportedDetectorTest, IsHashedWithoutBeingRun) {
  Write(testing::kDetrForward, ColourConfig(DetrAnswers()));
  EXPECT_EQ(ExportedSha256(Spec().model),
            ExportedDetector(Spec()).weights_sha256());
  std::filesystem::remove(folder_ / "detector/detector.pt");
  EXPECT_NE(InputErrorOf([&] {
              ExportedSha256(Spec().model);
            }).find("no such file is beside it"),
            std::string::npos);
}

}  // namespace
}  // namespace eyechart::detection
