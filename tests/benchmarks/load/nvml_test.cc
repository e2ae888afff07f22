#include "benchmarks/load/nvml.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/benchmarks/load/fake_nvml.h"

namespace eyechart::benchmarks {
namespace {

using testing::FakeNvml;
using testing::kFakeBusId;

// Pids and parts that `library` tells of; "none": not told.
std::string ProcessesBy(const std::string& library) {
  const auto gpu = NvmlGpu::Open(kFakeBusId, library);
  if (!gpu.has_value()) return "no GPU";
  const NvmlState state = gpu->State();
  if (!state.processes.has_value()) return "none";
  std::string text;
  for (const NvmlProcess& process : *state.processes) {
    text += std::to_string(process.pid);
    if (process.instance.has_value())
      text += ":" + std::to_string(*process.instance);
    text += " ";
  }
  return text;
}

TEST(Nvml, TellsWhatTheLibraryTells) {
  const auto facts = ReadNvml(kFakeBusId, NVML_LIBRARY);
  ASSERT_TRUE(facts.has_value());
  EXPECT_EQ(facts->driver, "580.1");
  EXPECT_EQ(facts->max_sm_mhz, 1980);
  EXPECT_FALSE(facts->max_memory_mhz.has_value());
  EXPECT_EQ(facts->power_limit_w, 350.5);
}

TEST(Nvml, IsNoneWithoutTheGpuOrTheLibrary) {
  EXPECT_FALSE(ReadNvml("0000:00:00.0", NVML_LIBRARY).has_value());
  EXPECT_FALSE(ReadNvml(kFakeBusId, "libnosuch.so.1").has_value());
}

TEST(Nvml, TellsTheStateOfTheMoment) {
  FakeNvml fake;
  fake.Set("SM_MHZ", "1755");
  fake.Set("MEMORY_MHZ", "2619");
  fake.Set("TEMPERATURE", "61");
  fake.Set("MILLIWATTS", "412345");
  fake.Set("USE", "87");
  fake.Set("MEMORY_USED", "5000000000");
  fake.Set("EVENTS", "0x44");
  fake.Set("LIMITS", "0x1");
  const auto gpu = NvmlGpu::Open(kFakeBusId, NVML_LIBRARY);
  ASSERT_TRUE(gpu.has_value());
  const NvmlState state = gpu->State();
  EXPECT_EQ(state.sm_mhz, 1755);
  EXPECT_EQ(state.memory_mhz, 2619);
  EXPECT_EQ(state.temperature_c, 61);
  EXPECT_DOUBLE_EQ(state.power_w.value_or(0), 412.345);
  EXPECT_DOUBLE_EQ(state.use.value_or(0), 0.87);
  EXPECT_EQ(state.memory_used_bytes, 5'000'000'000);
  EXPECT_EQ(state.limits, kNvmlPowerCap | kNvmlHardwareHeat);
  // An older driver has the older name alone.
  const auto old = NvmlGpu::Open(kFakeBusId, NVML_LIBRARY_2);
  ASSERT_TRUE(old.has_value());
  EXPECT_EQ(old->State().limits, kNvmlIdle);
}

TEST(Nvml, LeavesEmptyWhatIsNotTold) {
  const FakeNvml fake;
  const auto gpu = NvmlGpu::Open(kFakeBusId, NVML_LIBRARY);
  ASSERT_TRUE(gpu.has_value());
  const NvmlState state = gpu->State();
  EXPECT_FALSE(state.sm_mhz || state.memory_mhz || state.temperature_c ||
               state.power_w || state.use || state.memory_used_bytes ||
               state.limits || state.processes);
}

TEST(Nvml, ReadsProcessesOfEveryDriver) {
  FakeNvml fake;
  for (const char* library : {NVML_LIBRARY, NVML_LIBRARY_2, NVML_LIBRARY_1})
    EXPECT_EQ(ProcessesBy(library), "none") << library;
  fake.Set("PIDS", "");
  for (const char* library : {NVML_LIBRARY, NVML_LIBRARY_2, NVML_LIBRARY_1})
    EXPECT_EQ(ProcessesBy(library), "") << library;
  fake.Set("PIDS", "71,8:2,4000000");
  EXPECT_EQ(ProcessesBy(NVML_LIBRARY), "71 8:2 4000000 ");
  EXPECT_EQ(ProcessesBy(NVML_LIBRARY_2), "71 8:2 4000000 ");
  EXPECT_EQ(ProcessesBy(NVML_LIBRARY_1), "71 8 4000000 ");
  // The same name, another struct.
  fake.Set("WIDE", "1");
  EXPECT_EQ(ProcessesBy(NVML_LIBRARY), "71 8:2 4000000 ");
  fake.Set("PIDS", "5");
  EXPECT_EQ(ProcessesBy(NVML_LIBRARY), "5 ");
}

TEST(Nvml, AsksAgainWhenAProcessComes) {
  FakeNvml fake;
  fake.Set("PIDS", "71,72,73");
  fake.Set("COMES", "1");
  EXPECT_EQ(ProcessesBy(NVML_LIBRARY), "71 72 73 ");
}

TEST(Nvml, IsOpenAsLongAsACopyLives) {
  ASSERT_EQ(testing::CallFake(NVML_LIBRARY, "FakeNvmlOpen"), 0);
  {
    auto gpu = NvmlGpu::Open(kFakeBusId, NVML_LIBRARY);
    const auto copy = gpu;
    gpu.reset();
    EXPECT_EQ(testing::CallFake(NVML_LIBRARY, "FakeNvmlOpen"), 1);
    EXPECT_EQ(copy->Facts().driver, "580.1");
  }
  EXPECT_EQ(testing::CallFake(NVML_LIBRARY, "FakeNvmlOpen"), 0);
}

}  // namespace
}  // namespace eyechart::benchmarks
