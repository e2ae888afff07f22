// On the processor, where the same code runs as on a GPU but for the waiting.
#include "benchmarks/roofline/device_ceiling.h"

#include <gtest/gtest.h>

#include "tests/fixture.h"

namespace eyechart::benchmarks {
namespace {

DeviceCeilingOptions Small() {
  DeviceCeilingOptions options;
  options.dtypes = {"fp32", "bf16"};
  options.shapes = {{8, 16, 24}, {64, 64, 64}};
  options.copy_bytes = 1 << 16;
  options.min_seconds = 0;
  options.repetitions = 3;
  return options;
}

TEST(MeasureDeviceCeilings, HasARoofOfEachTypeAndOfCopies) {
  const MachineCeilings ceilings = MeasureDeviceCeilings(c10::kCPU, Small());
  EXPECT_EQ(ceilings.device, "cpu");
  EXPECT_EQ(ceilings.repetitions, 3);
  ASSERT_EQ(ceilings.products.size(), 2u);
  EXPECT_EQ(ceilings.products[0].dtype, "fp32");
  EXPECT_EQ(ceilings.products[1].dtype, "bf16");
  for (const ProductRoof& roof : ceilings.products) {
    EXPECT_EQ(roof.kernel, "LibTorch");
    EXPECT_GT(roof.median_gflops, 0);
    EXPECT_GE(roof.gflops, roof.median_gflops);
    // Of the shapes, the one that ran best.
    EXPECT_TRUE(roof.rows == 8 || roof.rows == 64) << roof.rows;
    EXPECT_EQ(roof.columns, roof.rows == 8 ? 24 : 64);
  }
  EXPECT_EQ(ceilings.copy.bytes, 1 << 16);
  EXPECT_GT(ceilings.copy.median_gbps, 0);
  EXPECT_GE(ceilings.copy.gbps, ceilings.copy.median_gbps);
  EXPECT_EQ(ceilings.Of("fp32").gflops, ceilings.products[0].gflops);
}

TEST(MeasureDeviceCeilings, RefusesWhatCannotBeMeasured) {
  DeviceCeilingOptions options = Small();
  options.dtypes = {"int8"};
  EXPECT_NE(testing::InputErrorOf([&] {
              MeasureDeviceCeilings(c10::kCPU, options);
            }).find("int8"),
            std::string::npos);
  options = Small();
  options.repetitions = 0;
  EXPECT_NE(testing::InputErrorOf([&] {
              MeasureDeviceCeilings(c10::kCPU, options);
            }).find("0 repetitions"),
            std::string::npos);
}

}  // namespace
}  // namespace eyechart::benchmarks
