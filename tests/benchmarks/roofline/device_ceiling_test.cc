// On the processor, where the same code runs as on a GPU but for the waiting.
#include "benchmarks/roofline/device_ceiling.h"

#include <gtest/gtest.h>

#include "tests/benchmarks/roofline/counted_allocator.h"
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
  const auto refuses = [](auto change, const char* part) {
    DeviceCeilingOptions changed = Small();
    change(changed);
    const std::string error = testing::InputErrorOf(
        [&] { MeasureDeviceCeilings(c10::kCPU, changed); });
    EXPECT_NE(error.find(part), std::string::npos) << part << "\n" << error;
  };
  using Options = DeviceCeilingOptions;
  refuses([](Options& o) { o.repetitions = 0; }, "0 repetitions");
  refuses([](Options& o) { o.copy_bytes = 0; }, "copies of 0 bytes");
  refuses([](Options& o) { o.min_seconds = -1; }, "-1 s");
  refuses([](Options& o) { o.shapes.clear(); }, "no shape");
  refuses([](Options& o) { o.shapes[1].rows = 0; }, "0 x 64 and 64 x 64");
  refuses([](Options& o) { o.shapes[1].inner = -1; }, "64 x -1 and -1 x 64");
  refuses([](Options& o) { o.shapes[1].columns = 0; }, "64 x 64 and 64 x 0");
}

// Four shapes at a time would be 1.9 GB on a GPU, beside a model that may fill
// the most of it.
TEST(MeasureDeviceCeilings, HoldsOneShapeAtATime) {
  DeviceCeilingOptions options = Small();
  options.dtypes = {"fp32"};
  const auto most_of = [&](std::size_t shapes) {
    options.shapes.assign(shapes, {256, 256, 256});
    const testing::CountedAllocator allocator;
    MeasureDeviceCeilings(c10::kCPU, options);
    return allocator.most();
  };
  const std::size_t one = most_of(1);
  // Operands and product.
  EXPECT_GE(one, 3u * 256 * 256 * 4);
  EXPECT_EQ(most_of(4), one);
}

TEST(MeasureDeviceCeilings, ThrowsWhatLibTorchDoesWithoutMemory) {
  const testing::CountedAllocator allocator(64 * 64 * 4);
  EXPECT_THROW(MeasureDeviceCeilings(c10::kCPU, Small()), c10::Error);
}

}  // namespace
}  // namespace eyechart::benchmarks
