#include "benchmarks/nms_sweep/sweep_samples.h"

#include <gtest/gtest.h>

namespace eyechart::benchmarks {
namespace {

TEST(SweepSamplesCsv, LeavesEmptyWhatThereIsNot) {
  SweepSamples samples;
  samples.stages = {"head", "nms", "cost", "clock"};
  samples.pictures = {"one, two", "3"};
  samples.settings = {{0.001, 0.5}, {std::nullopt, 0.625}};
  samples.timings = {
      {.stage = 3, .repetition = 0, .ns = 20},
      {.stage = 0, .picture = 1, .ns = 1'234'567'890'123},
      {.stage = 1,
       .picture = 0,
       .setting = 0,
       .repetition = 6,
       .boxes_in = 0,
       .boxes_out = 0,
       .ns = 5},
      {.stage = 2,
       .picture = 1,
       .setting = 1,
       .repetition = 1,
       .boxes_in = 300,
       .boxes_out = 40,
       .ns = 7},
  };
  EXPECT_EQ(SweepSamplesCsv(samples),
            "picture,stage,confidence,iou,repetition,boxes_in,boxes_out,ns\n"
            ",clock,,,0,,,20\n"
            "3,head,,,,,,1234567890123\n"
            "\"one, two\",nms,0.001,0.5,6,0,0,5\n"
            "3,cost,,0.625,1,300,40,7\n");
}

}  // namespace
}  // namespace eyechart::benchmarks
