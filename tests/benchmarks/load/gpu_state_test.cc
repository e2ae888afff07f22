#include "benchmarks/load/gpu_state.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "tests/fixture.h"

namespace eyechart::benchmarks {
namespace {

using testing::TempFolder;

constexpr OwnPid kOnHost{100, true};
constexpr OwnPid kInContainer{100, false};

NvmlState With(std::initializer_list<std::int64_t> pids) {
  NvmlState state;
  state.processes.emplace();
  for (const std::int64_t pid : pids)
    state.processes->push_back({pid, std::nullopt});
  return state;
}

// Under load at `mhz`, with us alone.
NvmlState Busy(std::int64_t mhz) {
  NvmlState state = With({100});
  state.sm_mhz = mhz;
  state.memory_mhz = 2600;
  state.use = 0.9;
  state.limits = 0;
  return state;
}

NvmlState Idle(std::int64_t mhz) {
  NvmlState state = Busy(mhz);
  state.use = 0;
  state.limits = kNvmlIdle;
  return state;
}

GpuTrace Trace(std::vector<NvmlState> looks, const OwnPid& own = kOnHost) {
  return {"cuda:1", std::move(looks), own};
}

// A line each, "!" before what makes the result invalid.
std::string Lines(const std::vector<Finding>& findings) {
  std::string text;
  for (const Finding& finding : findings)
    text += (finding.fatal ? "!" : "") + finding.reason + "\n";
  return text;
}

std::string Meanwhile(const std::vector<NvmlState>& looks,
                      const OwnPid& own = kOnHost) {
  return Lines(JudgeGpuMeanwhile(Trace(looks, own)));
}

TEST(GpuState, OthersAreThoseBesidesUs) {
  const auto count = [](const NvmlState& state, const OwnPid& own,
                        bool at_work) {
    const OthersOnGpu others = OthersOn(state, own, at_work);
    return others.count.value_or(-1);
  };
  EXPECT_EQ(count(With({100}), kOnHost, true), 0);
  EXPECT_EQ(count(With({100, 7, 8}), kOnHost, true), 2);
  EXPECT_EQ(OthersOn(With({7, 100, 8}), kOnHost, true).pids,
            (std::vector<std::int64_t>{7, 8}));
  EXPECT_EQ(count(With({7}), kOnHost, false), 1);
  EXPECT_EQ(count(With({}), kOnHost, false), 0);
  // A list that leaves us out leaves others out as well.
  EXPECT_EQ(count(With({}), kOnHost, true), -1);
  EXPECT_EQ(count(NvmlState(), kOnHost, true), -1);
}

TEST(GpuState, OneOfTheHostsNumbersMayBeOurs) {
  const auto count = [](const NvmlState& state, bool at_work) {
    const OthersOnGpu others = OthersOn(state, kInContainer, at_work);
    EXPECT_TRUE(others.pids.empty());
    return others.count.value_or(-1);
  };
  EXPECT_EQ(count(With({9001}), true), 0);
  EXPECT_EQ(count(With({9001, 9002}), true), 1);
  EXPECT_EQ(count(With({9001, 9002}), false), 1);
  EXPECT_EQ(count(With({9001}), false), -1);
  EXPECT_EQ(count(With({}), false), 0);
  EXPECT_EQ(count(With({}), true), -1);
  // The number that is ours in here is somebody else's out there.
  EXPECT_EQ(count(With({100}), false), -1);
  EXPECT_EQ(count(With({100, 9001}), true), 1);
  // With a program beside us: none of the two is another's.
  const auto beside = [](const NvmlState& state, bool at_work) {
    return OthersOn(state, OwnPid{100, false, 2}, at_work).count.value_or(-1);
  };
  EXPECT_EQ(beside(With({9001}), true), 0);
  EXPECT_EQ(beside(With({9001, 9002}), true), 0);
  EXPECT_EQ(beside(With({9001, 9002, 9003}), true), 1);
  EXPECT_EQ(beside(With({9001, 9002}), false), -1);
  EXPECT_EQ(beside(With({}), false), 0);
  EXPECT_EQ(beside(With({}), true), -1);
  // Where ours is known by its number, that is the only one.
  EXPECT_EQ(OthersOn(With({100, 9001}), OwnPid{100, true, 2}, true).count, 1);
  NvmlState parted;
  parted.processes = {{100, 1}, {9001, 2}, {9002, 2}};
  EXPECT_EQ(count(parted, true), 2);
}

TEST(GpuState, OthersOnAnotherPartAreNotBesideUs) {
  NvmlState state;
  state.processes = {{100, 2}, {7, 2}, {8, 3}};
  EXPECT_EQ(OthersOn(state, kOnHost, true).pids,
            (std::vector<std::int64_t>{7}));
  state.processes = {{100, std::nullopt}, {7, 2}, {8, 3}};
  EXPECT_EQ(OthersOn(state, kOnHost, true).count, 2);
}

TEST(GpuState, OwnNumberIsTheHostsInTheFirstNamespace) {
  const TempFolder root;
  EXPECT_FALSE(ReadOwnPid(SystemFiles(root.path())).of_host);
  const auto folder = root / "proc/self/ns";
  std::filesystem::create_directories(folder);
  std::filesystem::create_symlink("pid:[4026531836]", folder / "pid");
  const OwnPid own = ReadOwnPid(SystemFiles(root.path()));
  EXPECT_TRUE(own.of_host);
  EXPECT_EQ(own.pid, getpid());
  std::filesystem::remove(folder / "pid");
  std::filesystem::create_symlink("pid:[4026532201]", folder / "pid");
  EXPECT_FALSE(ReadOwnPid(SystemFiles(root.path())).of_host);
}

TEST(GpuState, LoadIsToldByUseAndLimits) {
  EXPECT_TRUE(IsUnderLoad(Busy(1000)));
  EXPECT_FALSE(IsUnderLoad(Idle(1000)));
  EXPECT_FALSE(IsUnderLoad(NvmlState()));
  NvmlState state;
  state.use = 0;
  EXPECT_FALSE(IsUnderLoad(state));
  state.use = 0.01;
  EXPECT_TRUE(IsUnderLoad(state));
  state.limits = kNvmlIdle;  // of now, while the use is of the last second
  EXPECT_FALSE(IsUnderLoad(state));
  state.use.reset();
  state.limits = kNvmlPowerCap;
  EXPECT_TRUE(IsUnderLoad(state));
}

TEST(GpuState, BeforeARunOthersAndUseAreRefused) {
  const auto before = [](const NvmlState& state) {
    return Lines(JudgeGpuBefore(Trace({state})));
  };
  EXPECT_EQ(before(Idle(210)), "");
  EXPECT_EQ(before(NvmlState()), "");
  EXPECT_EQ(Lines(JudgeGpuBefore(Trace({}))), "");
  EXPECT_EQ(before(With({7})),
            "!cuda:1 is not ours alone: another process (7) on it\n");
  EXPECT_EQ(before(With({100, 7, 8})),
            "!cuda:1 is not ours alone: 2 other processes (7, 8) on it\n");
  NvmlState state = Idle(210);
  state.use = 0.1;
  EXPECT_EQ(before(state), "");
  state.use = 0.34;
  EXPECT_EQ(before(state),
            "!cuda:1 is busy: kernels ran 34 % of the last moment (10 % may "
            "be)\n");
}

TEST(GpuState, ClocksCountUnderLoadAlone) {
  EXPECT_EQ(Meanwhile({Idle(210), Busy(1980), Busy(1980), Busy(1980)}), "");
  // Rising from where an idle GPU has it, and falling again.
  EXPECT_EQ(Meanwhile({Idle(210), Busy(900), Busy(1980), Idle(300), Busy(500),
                       Busy(1950)}),
            "");
  EXPECT_EQ(Meanwhile({Idle(210), Busy(1980), Busy(1980), Busy(1890)}), "");
  EXPECT_EQ(
      Meanwhile({Idle(210), Busy(1980), Busy(1980), Busy(1500)}),
      "!the clock of cuda:1 moved between 1500 and 1980 MHz under load\n");
  GpuLimits wide;
  wide.max_clock = 0.5;
  EXPECT_EQ(Lines(JudgeGpuMeanwhile(Trace({Busy(1980), Busy(1980), Busy(1500)}),
                                    wide)),
            "");
}

TEST(GpuState, SlowdownsAreInvalidAndThePowerCapIsSaid) {
  std::vector<NvmlState> looks(4, Busy(1980));
  looks[2].limits = kNvmlPowerCap;
  EXPECT_EQ(Meanwhile(looks), "cuda:1 was at its power cap in 1 of 4 looks\n");
  looks[2].limits = kNvmlHeat;
  looks[3].limits = kNvmlHardware | kNvmlPowerBrake | kNvmlApplicationClocks;
  EXPECT_EQ(Meanwhile(looks),
            "!cuda:1 slowed down in 2 of 4 looks: hardware slowdown, heat, "
            "power brake\n");
  looks[2].limits = looks[3].limits = kNvmlApplicationClocks | kNvmlSyncBoost;
  EXPECT_EQ(Meanwhile(looks), "");
}

TEST(GpuState, OthersMeanwhileAreInvalid) {
  std::vector<NvmlState> looks(3, Busy(1980));
  looks[1].processes = With({100, 7}).processes;
  EXPECT_EQ(Meanwhile(looks),
            "!cuda:1 was not ours alone meanwhile: another process (7) on "
            "it\n");
  // The first look may be before our first kernel: then it is no one of two.
  looks[1] = Busy(1980);
  looks[0].processes = With({9001, 9002}).processes;
  looks[1].processes = looks[2].processes = With({9001}).processes;
  EXPECT_EQ(Meanwhile(looks, kInContainer), "");
  looks[2].processes = With({9001, 9002, 9003}).processes;
  EXPECT_EQ(Meanwhile(looks, kInContainer),
            "!cuda:1 was not ours alone meanwhile: 2 other processes on it\n");
}

TEST(GpuState, WhatIsNotKnownIsSaid) {
  EXPECT_EQ(Meanwhile({}),
            "cuda:1 was not watched: NVIDIA's management library "
            "(libnvidia-ml.so.1) is not there or does not know it\n");
  const std::vector<NvmlState> looks(3, With({}));
  EXPECT_EQ(Meanwhile(looks),
            "the driver does not tell who else was on cuda:1\n");
}

TEST(GpuState, ALookThatFailedIsSaid) {
  GpuTrace trace = Trace({Busy(1980), Busy(1980)});
  trace.failure = "no memory";
  EXPECT_EQ(Lines(JudgeGpuMeanwhile(trace)),
            "cuda:1 was not looked at all the time: a look failed (no "
            "memory)\n");
  EXPECT_EQ(GpuTraceJson(trace)["failure"], "no memory");
  // Not for want of a library.
  trace.looks.clear();
  EXPECT_EQ(Lines(JudgeGpuMeanwhile(trace)),
            "cuda:1 was not looked at all the time: a look failed (no "
            "memory)\n");
}

TEST(GpuState, JsonHasRangesAndNullForWhatIsNotTold) {
  std::vector<NvmlState> looks = {Idle(210), Busy(900), Busy(1980), Busy(1950)};
  looks[0].temperature_c = 30;
  looks[3].temperature_c = 61;
  looks[1].power_w = 399.5;
  looks[2].limits = kNvmlPowerCap | kNvmlHeat;
  EXPECT_EQ(GpuTraceJson(Trace(looks)), Json::parse(R"({
      "device": "cuda:1", "looks": 4, "looks_under_load": 2,
      "sm_mhz": [1950, 1980], "memory_mhz": [2600, 2600],
      "temperature_c": [30, 61], "power_w": [399.5, 399.5],
      "use": [0.0, 0.9], "memory_used_bytes": null,
      "failure": null, "limits": ["idle", "power cap", "heat"], "others": 0})"));
  const Json none = GpuTraceJson(Trace({}));
  EXPECT_EQ(none["looks"], 0);
  for (const char* key : {"sm_mhz", "temperature_c", "limits", "others"})
    EXPECT_TRUE(none[key].is_null()) << key;
  EXPECT_EQ(GpuTraceJson(Trace({Busy(1), Busy(1)}))["limits"], Json::array());
}

}  // namespace
}  // namespace eyechart::benchmarks
