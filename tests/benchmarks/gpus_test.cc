#include "benchmarks/gpus.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

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

// One whose bus nobody tells is watched in vain, which the watch says.
TEST(Gpus, OneWithoutABusIdIsNotForgotten) {
  const auto bus_id = [](int index) {
    return index == 1 ? std::string() : "0000:0" + std::to_string(index);
  };
  const std::vector<WatchedGpu> gpus =
      GpusToWatch({"cuda:1", "cuda", "cpu"}, bus_id);
  ASSERT_EQ(gpus.size(), 2u);
  EXPECT_EQ(gpus[0].device, "cuda:0");
  EXPECT_EQ(gpus[0].pci_bus_id, "0000:00");
  EXPECT_EQ(gpus[1].device, "cuda:1");
  EXPECT_EQ(gpus[1].pci_bus_id, "");
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
