// Which rule each name means, and what is recorded of it; the rules themselves
// are in nms_test.cc and soft_nms_test.cc.
#include "probes/detection/nms/suppress_boxes.h"

#include <gtest/gtest.h>

#include <cmath>

#include "core/error.h"
#include "tests/fixture.h"

namespace eyechart::detection {
namespace {

using Kept = std::vector<std::int64_t>;
using Setting = std::map<std::string, std::string>;
using eyechart::testing::InputErrorOf;

// 1 shares two thirds of its area with 0, IoU 1/2; 2 is at the place of 0 and
// of another class; 3 touches nothing.
const std::vector<float> kBoxes = {0, 0, 3, 2, 1, 0, 4,  2,
                                   0, 0, 3, 2, 9, 9, 10, 10};
const std::vector<float> kScores = {0.9f, 0.8f, 0.7f, 0.6f};
const std::vector<std::int64_t> kClasses = {0, 0, 1, 1};

NmsOptions Named(const std::string& nms, const std::string& classes = "aware") {
  NmsOptions options;
  options.semantics = ParseNmsSemantics(nms, "--nms");
  options.classes = ParseNmsClasses(classes, "--nms-classes");
  options.iou_threshold = 0.4;
  return options;
}

SuppressedBoxes Of(const NmsOptions& options) {
  return SuppressBoxes(kBoxes, kScores, kClasses, options);
}

TEST(SuppressBoxes, TorchvisionsIsNms) {
  const NmsOptions options = Named("torchvision");
  const SuppressedBoxes found = Of(options);
  EXPECT_EQ(found.kept, Nms(kBoxes, kScores, kClasses, options));
  EXPECT_EQ(found.kept, (Kept{0, 2, 3}));
  EXPECT_EQ(found.scores, (std::vector<float>{0.9f, 0.7f, 0.6f}));
}

TEST(SuppressBoxes, AgnosticTakesClassesAsOne) {
  for (const char* nms : {"torchvision", "opencv"}) {
    EXPECT_EQ(Of(Named(nms)).kept, (Kept{0, 2, 3})) << nms;
    EXPECT_EQ(Of(Named(nms, "agnostic")).kept, (Kept{0, 3})) << nms;
  }
}

// Two boxes without area overlap by 0/0 for torchvision and by 1 for OpenCV.
TEST(SuppressBoxes, OpenCvsIsAnother) {
  const std::vector<float> boxes = {1, 1, 1, 1, 5, 5, 5, 5};
  const std::vector<float> scores = {0.9f, 0.8f};
  const std::vector<std::int64_t> classes = {0, 0};
  const auto kept = [&](const char* nms) {
    return SuppressBoxes(boxes, scores, classes, Named(nms, "agnostic")).kept;
  };
  EXPECT_EQ(kept("torchvision"), (Kept{0, 1}));
  EXPECT_EQ(kept("opencv"), (Kept{0}));
}

TEST(SuppressBoxes, SoftLowersScores) {
  const SuppressedBoxes linear = Of(Named("soft-linear"));
  EXPECT_EQ(linear.kept, (Kept{0, 2, 3, 1}));
  EXPECT_FLOAT_EQ(linear.scores[3], 0.8f / 2);
  EXPECT_EQ(linear.scores[1], 0.7f);  // another class
  NmsOptions options = Named("soft-linear");
  options.iou_threshold = 0.5;  // 1/2 is not above it
  EXPECT_EQ(Of(options).kept, (Kept{0, 1, 2, 3}));

  options = Named("soft-gaussian");
  options.sigma = 0.25;
  const SuppressedBoxes gaussian = Of(options);
  EXPECT_EQ(gaussian.kept, (Kept{0, 2, 3, 1}));
  EXPECT_FLOAT_EQ(gaussian.scores[3],
                  0.8f * static_cast<float>(std::exp(-0.25 / 0.25)));
  options.score_threshold = 0.3f;  // 0.29 is below it
  EXPECT_EQ(Of(options).kept, (Kept{0, 2, 3}));

  // As one class, 2 lies on 0: nothing of its score is left.
  const SuppressedBoxes agnostic = Of(Named("soft-linear", "agnostic"));
  EXPECT_EQ(agnostic.kept, (Kept{0, 3, 1, 2}));
  EXPECT_EQ(agnostic.scores[3], 0.0f);
}

TEST(SuppressBoxes, NamesWhatDoesNotFit) {
  NmsOptions options = Named("soft-gaussian");
  options.sigma = 0;
  EXPECT_NE(InputErrorOf([&] { Of(options); }).find("sigma is 0"),
            std::string::npos);
  options.sigma = std::nan("");
  EXPECT_THROW(Of(options), InputError);
  options = Named("soft-linear");
  options.top_k = 5;
  EXPECT_THROW(Of(options), InputError);
  options = Named("soft-linear");
  options.classes = NmsClasses::kOffset;
  EXPECT_THROW(Of(options), InputError);
  options = Named("soft-linear");
  options.iou_threshold = -1;
  EXPECT_THROW(Of(options), InputError);
  // Indices without scores would hide what it did.
  EXPECT_THROW(Nms(kBoxes, kScores, kClasses, Named("soft-linear")),
               InputError);
  EXPECT_EQ(InputErrorOf([] { ParseNmsSemantics("open-cv", "--nms"); }),
            "--nms open-cv: should be torchvision, opencv, soft-linear, "
            "soft-gaussian (did you mean \"opencv\"?)");
  EXPECT_EQ(InputErrorOf([] { ParseNmsClasses("all", "--nms-classes"); }),
            "--nms-classes all: should be aware or agnostic");
}

TEST(NmsSetting, TellsWhatIsNotTheDefault) {
  EXPECT_EQ(NmsSetting({}), Setting{});
  EXPECT_EQ(NmsSetting(Named("torchvision")), Setting{});
  EXPECT_EQ(NmsSetting(Named("opencv", "agnostic")),
            (Setting{{"nms", "opencv"}, {"nms_classes", "agnostic"}}));
  EXPECT_EQ(NmsSetting(Named("soft-linear")),
            (Setting{{"nms", "soft-linear"}}));
  EXPECT_EQ(NmsSetting(Named("soft-gaussian")),
            (Setting{{"nms", "soft-gaussian"}, {"nms_sigma", "0.5"}}));
}

TEST(NmsToJson, SaysAll) {
  EXPECT_EQ(
      NmsToJson({}),
      Json({{"semantics", "torchvision"}, {"classes", "aware"}, {"iou", 0.5}}));
  EXPECT_EQ(NmsToJson(Named("soft-gaussian", "agnostic")),
            Json({{"semantics", "soft-gaussian"},
                  {"classes", "agnostic"},
                  {"iou", 0.4},
                  {"sigma", 0.5}}));
}

TEST(NmsClassesName, IsWhatIsParsed) {
  for (const char* name : {"aware", "agnostic"})
    EXPECT_EQ(NmsClassesName(ParseNmsClasses(name, "--nms-classes")), name);
  // However it is computed.
  for (const NmsClasses classes : {NmsClasses::kOffset, NmsClasses::kPerClass})
    EXPECT_EQ(NmsClassesName(classes), "aware");
}

TEST(NmsSemanticsName, IsWhatIsParsed) {
  for (const char* name :
       {"torchvision", "opencv", "soft-linear", "soft-gaussian"})
    EXPECT_EQ(NmsSemanticsName(ParseNmsSemantics(name, "--nms")), name);
}

}  // namespace
}  // namespace eyechart::detection
