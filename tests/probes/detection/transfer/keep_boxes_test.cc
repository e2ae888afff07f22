// Suppression by each rule that a command offers, as KeepBoxes applies it; the
// rules themselves are in nms/.
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include <cmath>

#include "probes/detection/nms/suppress_boxes.h"
#include "probes/detection/transfer/find_boxes.h"

namespace eyechart::detection {
namespace {

// 1 has an IoU of 1/2 with 0 and is of its class; 2 lies on 0 and is of another
// class; 3 touches nothing.
FoundBoxes Found() {
  FoundBoxes found;
  found.corners = at::tensor({0.f, 0.f, 30.f, 20.f, 10.f, 0.f, 40.f, 20.f,  //
                              0.f, 0.f, 30.f, 20.f, 90.f, 90.f, 99.f, 99.f})
                      .view({4, 4});
  found.scores = at::tensor({0.9f, 0.8f, 0.7f, 0.6f});
  found.classes = at::tensor(
      {std::int64_t{0}, std::int64_t{0}, std::int64_t{1}, std::int64_t{1}});
  return found;
}

PictureBoxes Kept(const std::string& nms,
                  const std::string& classes = "aware",
                  double min_score = 0.001) {
  FindOptions options;
  options.detect.min_score = min_score;
  options.nms.iou_threshold = 0.4;
  options.nms.semantics = ParseNmsSemantics(nms, "--nms");
  options.nms.classes = ParseNmsClasses(classes, "--nms-classes");
  return KeepBoxes(Found(), true, options);
}

std::vector<float> ScoresOf(const PictureBoxes& kept) {
  std::vector<float> scores;
  for (const FoundBox& box : kept.boxes) scores.push_back(box.score);
  return scores;
}

TEST(KeepBoxes, WithoutSuppressionAllStay) {
  const PictureBoxes kept = KeepBoxes(Found(), false, {});
  EXPECT_EQ(ScoresOf(kept), (std::vector<float>{0.9f, 0.8f, 0.7f, 0.6f}));
  EXPECT_EQ(kept.before_nms, 4);
  FindOptions two;
  two.most_kept = 2;
  EXPECT_EQ(KeepBoxes(Found(), false, two).boxes.size(), 2u);
}

TEST(KeepBoxes, ClassesAreKeptApartOrNot) {
  for (const char* nms : {"torchvision", "opencv"}) {
    EXPECT_EQ(ScoresOf(Kept(nms)), (std::vector<float>{0.9f, 0.7f, 0.6f}))
        << nms;
    EXPECT_EQ(ScoresOf(Kept(nms, "agnostic")), (std::vector<float>{0.9f, 0.6f}))
        << nms;
  }
  const FoundBox second = Kept("torchvision").boxes[1];
  EXPECT_EQ(second.category, 1);
  EXPECT_EQ(second.corners, (Corners{0, 0, 30, 20}));
}

TEST(KeepBoxes, SoftNmsLowersScoresAndOrdersByThem) {
  const PictureBoxes linear = Kept("soft-linear");
  ASSERT_EQ(linear.boxes.size(), 4u);
  EXPECT_FLOAT_EQ(linear.boxes[3].score, 0.4f);
  EXPECT_EQ(linear.boxes[3].corners, (Corners{10, 0, 40, 20}));
  EXPECT_EQ(linear.boxes[3].category, 0);
  EXPECT_EQ(linear.before_nms, 4);
  const PictureBoxes gaussian = Kept("soft-gaussian");
  ASSERT_EQ(gaussian.boxes.size(), 4u);
  EXPECT_FLOAT_EQ(gaussian.boxes[3].score,
                  0.8f * static_cast<float>(std::exp(-0.25 / 0.5)));
}

// A box that Soft-NMS leaves less than --min-score is no longer found.
TEST(KeepBoxes, TheLeastScoreHoldsAfterSoftNms) {
  EXPECT_EQ(ScoresOf(Kept("soft-linear", "aware", 0.5)),
            (std::vector<float>{0.9f, 0.7f, 0.6f}));
}

}  // namespace
}  // namespace eyechart::detection
