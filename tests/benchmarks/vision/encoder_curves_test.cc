#include "benchmarks/vision/encoder_curves.h"

#include <gtest/gtest.h>

#include "core/error.h"

namespace eyechart::benchmarks {
namespace {

TEST(ParseBatches, TakesWholeNumbersFromOneOnce) {
  EXPECT_EQ(ParseBatches("1,2,32"), (std::vector<std::int64_t>{1, 2, 32}));
  EXPECT_EQ(ParseBatches("7"), std::vector<std::int64_t>{7});
  for (const char* text : {"", "1,", "0", "-1", "2,2", "1.5", "one", "1, 2"})
    EXPECT_THROW(ParseBatches(text), InputError) << text;
}

TEST(PointsUnderRoofs, LeavesOutWhatHasNone) {
  EncoderCurves curves;
  curves.points = {{"a", "fp32", 1, 1e9, 1e6, 0.1},
                   {"a", "bf16", 1, 1e9, 1e6, 0.1}};
  MachineCeilings ceilings;
  ceilings.products = {{"fp32", 100, 90, "onednn", 1, 1, 1}};
  const auto points = PointsUnderRoofs(curves, ceilings);
  ASSERT_EQ(points.size(), 1u);
  EXPECT_EQ(points[0].dtype, "fp32");
}

}  // namespace
}  // namespace eyechart::benchmarks
