#include "benchmarks/load/gpu_watch.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "benchmarks/load/machine_state.h"
#include "tests/benchmarks/load/fake_nvml.h"
#include "tests/fixture.h"

namespace eyechart::benchmarks {
namespace {

using testing::CallFake;
using testing::FakeNvml;
using testing::kFakeBusId;
using testing::TempFolder;

// One GPU of the fake library, looked at when told to.
GpuWatchOptions OneGpu() {
  GpuWatchOptions options;
  options.gpus = {{"cuda:0", kFakeBusId}};
  options.library = NVML_LIBRARY;
  options.period_s = 0;
  return options;
}

// Where our number is the driver's.
struct HostRoot {
  HostRoot() {
    std::filesystem::create_directories(root / "proc/self/ns");
    std::filesystem::create_symlink("pid:[4026531836]",
                                    root / "proc/self/ns/pid");
  }
  SystemFiles files() const { return SystemFiles(root.path()); }

  TempFolder root;
};

void SetBusy(FakeNvml& fake, const std::string& mhz) {
  fake.Set("SM_MHZ", mhz);
  fake.Set("USE", "90");
  fake.Set("LIMITS", "0");
  fake.Set("EVENTS", "0");
  fake.Set("PIDS", std::to_string(getpid()));
}

TEST(GpuWatch, KeepsEachLook) {
  FakeNvml fake;
  const HostRoot host;
  SetBusy(fake, "1000");
  GpuWatchOptions options = OneGpu();
  options.gpus.push_back({"cuda:1", "0000:00:00.0"});
  GpuWatch watch(options, host.files());
  fake.Set("SM_MHZ", "1100");
  watch.Look();
  fake.Set("SM_MHZ", "1200");
  const std::vector<GpuTrace> traces = watch.Finish();
  ASSERT_EQ(traces.size(), 2u);
  EXPECT_EQ(traces[0].device, "cuda:0");
  EXPECT_TRUE(traces[0].own.of_host);
  ASSERT_EQ(traces[0].looks.size(), 3u);
  EXPECT_EQ(traces[0].looks[0].sm_mhz, 1000);
  EXPECT_EQ(traces[0].looks[1].sm_mhz, 1100);
  EXPECT_EQ(traces[0].looks[2].sm_mhz, 1200);
  EXPECT_EQ(traces[1].device, "cuda:1");
  EXPECT_TRUE(traces[1].looks.empty());
}

TEST(GpuWatch, LooksByItselfUntilItEnds) {
  FakeNvml fake;
  SetBusy(fake, "1000");
  GpuWatchOptions options = OneGpu();
  options.period_s = 0.001;
  const int before = CallFake(NVML_LIBRARY, "FakeNvmlLooks");
  std::size_t looks = 0;
  {
    GpuWatch watch(options);
    while (CallFake(NVML_LIBRARY, "FakeNvmlLooks") < before + 3)
      std::this_thread::yield();
    looks = watch.Finish().at(0).looks.size();
    EXPECT_GE(looks, 4u);
  }
  // None is left that looks on.
  EXPECT_EQ(CallFake(NVML_LIBRARY, "FakeNvmlLooks"),
            before + static_cast<int>(looks));
  EXPECT_EQ(CallFake(NVML_LIBRARY, "FakeNvmlOpen"), 0);
  // And it may be left without an end.
  { const GpuWatch watch(options); }
  EXPECT_EQ(CallFake(NVML_LIBRARY, "FakeNvmlOpen"), 0);
}

// In a container: a program that we started is one of two.
TEST(GpuWatch, KnowsHowManyMayBeOurs) {
  FakeNvml fake;
  const TempFolder no_host;
  SetBusy(fake, "1000");
  fake.Set("PIDS", "9001,9002");
  GpuWatchOptions options = OneGpu();
  const auto others = [&] {
    return GpuTraceJson(GpuWatch(options, SystemFiles(no_host.path()))
                            .Finish()
                            .at(0))["others"];
  };
  EXPECT_EQ(others(), 1);
  options.own_contexts = 2;
  EXPECT_EQ(others(), 0);
}

// Else it would end the process: nobody is above a thread to catch it.
TEST(GpuWatch, SurvivesALookThatFails) {
  FakeNvml fake;
  const HostRoot host;
  SetBusy(fake, "1000");
  GpuWatchOptions options = OneGpu();
  options.period_s = 0.001;
  std::atomic<int> looks = 0;
  options.before_look = [&looks] {
    if (++looks == 2) throw std::runtime_error("out of order");
  };
  GpuWatch watch(options, host.files());
  while (looks < 4) std::this_thread::yield();
  const GpuTrace trace = watch.Finish().at(0);
  EXPECT_EQ(trace.failure, "out of order");
  // It goes on looking.
  EXPECT_EQ(static_cast<int>(trace.looks.size()), looks - 1);
}

TEST(GpuWatch, OneWithoutABusIdIsNotWatched) {
  FakeNvml fake;
  GpuWatchOptions options = OneGpu();
  options.gpus = {{"cuda:0", ""}};
  EXPECT_TRUE(JudgeGpusBefore(options).empty());
  const GpuTrace trace = GpuWatch(options).Finish().at(0);
  EXPECT_TRUE(trace.looks.empty());
  EXPECT_EQ(JudgeGpuMeanwhile(trace).at(0).reason.find("cuda:0 was not watch"),
            0u);
}

TEST(GpuWatch, BeforeARunLooksAtEveryGpu) {
  FakeNvml fake;
  const HostRoot host;
  const auto reasons = [&] {
    std::string text;
    for (const Finding& finding : JudgeGpusBefore(OneGpu(), host.files()))
      text += finding.reason + "\n";
    return text;
  };
  EXPECT_EQ(reasons(), "");
  fake.Set("PIDS", "1");
  fake.Set("USE", "100");
  EXPECT_EQ(reasons(),
            "cuda:0 is not ours alone: another process (1) on it\n"
            "cuda:0 is busy: kernels ran 100 % of the last moment (10 % may "
            "be)\n");
  GpuWatchOptions absent = OneGpu();
  absent.library = "libnosuch.so.1";
  EXPECT_TRUE(JudgeGpusBefore(absent).empty());
}

TEST(GpuWatch, IsPartOfTheMachines) {
  FakeNvml fake;
  const HostRoot host;
  SetBusy(fake, "1980");
  VirtualClock clock;
  const auto run = [&](const GpuWatchOptions& options) {
    const MachineWatch watch(clock, host.files(), {}, options);
    return watch.Finish();
  };
  MachineWatch::Report report = run(OneGpu());
  EXPECT_TRUE(report.findings.empty());
  const Json json = MeanwhileJson(report);
  ASSERT_EQ(json["gpus"].size(), 1u);
  EXPECT_EQ(json["gpus"][0]["sm_mhz"], Json::array({1980, 1980}));
  EXPECT_EQ(json["gpus"][0]["others"], 0);
  EXPECT_TRUE(json.contains("load1"));
  fake.Set("EVENTS", "0x8");
  report = run(OneGpu());
  ASSERT_EQ(report.findings.size(), 1u);
  EXPECT_TRUE(report.findings[0].fatal);
  // On the processor nothing of a GPU is said.
  report = run({});
  EXPECT_TRUE(report.findings.empty());
  EXPECT_EQ(MeanwhileJson(report)["gpus"], Json::array());
}

}  // namespace
}  // namespace eyechart::benchmarks
