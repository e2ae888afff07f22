#include "benchmarks/nms_sweep/exported_candidates.h"

#include <gtest/gtest.h>

#include "benchmarks/nms_sweep/nms_sweep.h"
#include "tests/fixture.h"
#include "tests/probes/detection/transfer/colour_detector.h"

namespace eyechart::benchmarks {
namespace {

namespace colour = detection::testing;
using detection::ExportedDetector;
using eyechart::testing::TempFolder;

class ExportedSweep : public ::testing::Test {
 protected:
  NmsSweep Sweep(const char* forward, const Json& answers) {
    colour::WriteColourDetector(folder_ / "detector", forward,
                                colour::ColourConfig(answers));
    encoders::ModelSpec spec;
    spec.model = (folder_ / "detector").string();
    ExportedDetector detector(spec);
    NmsSweepOptions options;
    options.confidences = {0.6, 0.001};
    options.ious = {0.5, 0.99};
    options.repetitions = 1;
    options.cost_pictures = 2;
    MonotonicClock clock;
    return SweepNms(detector, set_, clock, options, Progress::None());
  }

  const TempFolder folder_;
  const data::BoxDataset set_ = colour::ColourSet(folder_ / "set");
};

TEST_F(ExportedSweep, HasARowASettingWithItsAveragePrecision) {
  const NmsSweep sweep =
      Sweep(colour::kLabelledForward, colour::LabelledAnswers(true));
  EXPECT_EQ(sweep.name, "detector");
  EXPECT_EQ(sweep.head, "exported");
  EXPECT_EQ(sweep.pictures, 4);
  ASSERT_EQ(sweep.stages.size(), 3u);
  EXPECT_EQ(sweep.stages.back().stage, "program");
  ASSERT_EQ(sweep.rows.size(), 4u);
  // Red, red again at an IoU of some 0.9, and green, which one picture lacks.
  EXPECT_DOUBLE_EQ(sweep.rows[0].before.mean, 2.75);
  EXPECT_DOUBLE_EQ(sweep.rows[0].after.mean, 1.75);   // IoU 0.5
  EXPECT_DOUBLE_EQ(sweep.rows[1].after.mean, 2.75);   // IoU 0.99
  EXPECT_DOUBLE_EQ(sweep.rows[2].before.mean, 1.75);  // confidence 0.6
  for (const NmsSweepRow& row : sweep.rows) {
    EXPECT_DOUBLE_EQ(row.ap, 1);  // what comes twice comes last
    EXPECT_GT(row.total.mean_ns, row.nms.mean_ns);
  }
}

TEST_F(ExportedSweep, HasOneRowWhereNothingIsSuppressed) {
  const NmsSweep sweep = Sweep(colour::kDetrForward, colour::DetrAnswers());
  EXPECT_FALSE(sweep.needs_nms);
  ASSERT_EQ(sweep.rows.size(), 1u);
  EXPECT_FALSE(sweep.rows[0].iou.has_value());
  EXPECT_DOUBLE_EQ(sweep.rows[0].ap, 1);
  EXPECT_TRUE(sweep.cost_points.empty());
}

}  // namespace
}  // namespace eyechart::benchmarks
