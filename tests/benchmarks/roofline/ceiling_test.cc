// That the ceilings are measured as they say; how high they are is the
// machine's.
#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include "benchmarks/roofline/copy_bandwidth.h"
#include "benchmarks/roofline/product_ceiling.h"
#include "tests/fixture.h"

namespace eyechart::benchmarks {
namespace {

using eyechart::testing::InputErrorOf;

TEST(MeasureCopyGbps, OneNumberARepetition) {
  for (const int threads : {1, 3}) {
    const std::vector<double> rates = MeasureCopyGbps({threads, 1 << 16, 4});
    ASSERT_EQ(rates.size(), 4u);
    for (const double rate : rates) EXPECT_GT(rate, 0);
  }
}

TEST(MeasureCopyGbps, RefusesWhatCannotBe) {
  EXPECT_NE(InputErrorOf([] {
              MeasureCopyGbps({1, 1 << 16, 0});
            }).find("0 repetitions"),
            std::string::npos);
  EXPECT_NE(InputErrorOf([] {
              MeasureCopyGbps({-1, 1, 1});
            }).find("-1"),
            std::string::npos);
}

TEST(DefaultCopyBytes, IsBeyondTheCachesAndBounded) {
  EXPECT_GE(DefaultCopyBytes(), std::int64_t{64} << 20);
  EXPECT_LE(DefaultCopyBytes(), std::int64_t{1} << 30);
}

TEST(MeasureCeilings, HasBothRoofsAndPutsThreadsBack) {
  const int before = at::get_num_threads();
  CeilingOptions options;
  options.threads = before == 1 ? 2 : 1;
  options.copy_bytes = 1 << 16;
  options.products.dtypes = {"fp32"};
  options.products.shapes = {{8, 16, 32}, {4, 32, 16}};
  options.repetitions = 2;
  const MachineCeilings ceilings = MeasureCeilings(options);
  EXPECT_EQ(at::get_num_threads(), before);
  EXPECT_EQ(ceilings.threads, options.threads);
  ASSERT_EQ(ceilings.products.size(), 1u);
  const ProductRoof& roof = ceilings.products[0];
  EXPECT_GE(roof.gflops, roof.median_gflops);
  EXPECT_GT(roof.median_gflops, 0);
  EXPECT_EQ(roof.rows * roof.inner * roof.columns,
            roof.rows == 8 ? 8 * 16 * 32 : 4 * 32 * 16);
  EXPECT_GE(ceilings.copy.gbps, ceilings.copy.median_gbps);
  EXPECT_EQ(ceilings.copy.bytes, 1 << 16);
}

TEST(MeasureProducts, NamesTheDtypesThereAre) {
  ProductOptions options;
  options.dtypes = {"int8"};
  EXPECT_NE(InputErrorOf([&] { MeasureProducts(options); }).find("fp32, bf16"),
            std::string::npos);
}

}  // namespace
}  // namespace eyechart::benchmarks
