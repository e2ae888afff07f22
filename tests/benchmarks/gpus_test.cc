#include "benchmarks/gpus.h"

#include <gtest/gtest.h>

namespace eyechart::benchmarks {
namespace {

Gpu MadeGpu() {
  Gpu gpu;
  gpu.name = "Acme G1";
  gpu.compute_capability = "9.0";
  gpu.multiprocessors = 132;
  gpu.memory_bytes = 85'000'000'000;
  return gpu;
}

TEST(Gpus, AreThoseThatNamesMean) {
  EXPECT_EQ(CudaIndices({"cpu", "cuda:2", "cuda", "cuda:0"}),
            (std::vector<int>{0, 2}));
  EXPECT_TRUE(CudaIndices({"", "as in the suite", "cuda:", "cuda:-1", "cuda:x"})
                  .empty());
  EXPECT_TRUE(ReadGpus({"cpu"}).empty());
  EXPECT_TRUE(GpusToWatch({"cpu", "cuda:x"}).empty());
}

TEST(Gpus, LackWhatIsNotKnown) {
  Gpu gpu = MadeGpu();
  EXPECT_EQ(GpusJson({gpu}), Json::parse(R"([{"name": "Acme G1",
      "compute_capability": "9.0", "multiprocessors": 132,
      "memory_bytes": 85000000000}])"));
  gpu.driver_cuda = "13.0";
  gpu.nvml = NvmlFacts{"580.1", 1980, std::nullopt, 350.5};
  const Json json = GpusJson({gpu})[0];
  EXPECT_EQ(json["driver"], "580.1");
  EXPECT_EQ(json["driver_cuda"], "13.0");
  EXPECT_EQ(json["max_sm_mhz"], 1980);
  EXPECT_FALSE(json.contains("max_memory_mhz"));
  EXPECT_EQ(json["power_limit_w"], 350.5);
  EXPECT_EQ(GpusJson({}), Json::array());
}

TEST(Gpus, CudaVersionsAreRead) {
  EXPECT_EQ(CudaVersionText(12080), "12.8");
  EXPECT_EQ(CudaVersionText(13000), "13.0");
}

}  // namespace
}  // namespace eyechart::benchmarks
