#include "benchmarks/load/machine.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "benchmarks/load/machine_state.h"
#include "core/files.h"
#include "tests/fixture.h"

namespace eyechart::benchmarks {
namespace {

using testing::TempFolder;
using testing::WriteText;

const std::string kCpus = "sys/devices/system/cpu/";

// A made-up machine: two cores of two threads, two nodes.
void MakeMachine(const TempFolder& root) {
  std::string cpuinfo;
  for (int i = 0; i < 4; ++i)
    cpuinfo += "processor\t: " + std::to_string(i) +
               "\nmodel name\t: Acme 3000: fast\ncpu MHz\t\t: 2000.000\n"
               "flags\t\t: fpu sse4_2 avx2 avx512f nonsense\n\n";
  WriteText(root / "proc/cpuinfo", cpuinfo);
  WriteText(root / "proc/meminfo", "MemTotal:       16384 kB\nMemFree: 1 kB\n");
  WriteText(root / "proc/self/status",
            "Name:\tx\nCpus_allowed_list:\t0-1,3\nVmHWM:\t    2048 kB\n");
  WriteText(root / (kCpus + "online"), "0-3\n");
  WriteText(root / (kCpus + "smt/active"), "1\n");
  for (int i = 0; i < 4; ++i) {
    const std::string at = kCpus + "cpu" + std::to_string(i) + "/cpufreq/";
    WriteText(root / (at + "scaling_governor"),
              i == 2 ? "powersave\n" : "performance\n");
    WriteText(root / (at + "cpuinfo_max_freq"), "3500000\n");
    WriteText(root / (at + "scaling_cur_freq"),
              std::to_string(1'000'000 + 100'000 * i) + "\n");
    WriteText(root / (at + "scaling_driver"), "acme-cpufreq\n");
  }
  WriteText(root / (kCpus + "cpufreq/boost"), "0\n");
  WriteText(root / (kCpus + "cpu0/cache/index0/level"), "1\n");
  WriteText(root / (kCpus + "cpu0/cache/index0/type"), "Data\n");
  WriteText(root / (kCpus + "cpu0/cache/index0/size"), "32K\n");
  WriteText(root / (kCpus + "cpu0/cache/index0/shared_cpu_list"), "0,2\n");
  WriteText(root / (kCpus + "cpu0/cache/index3/level"), "3\n");
  WriteText(root / (kCpus + "cpu0/cache/index3/type"), "Unified\n");
  WriteText(root / (kCpus + "cpu0/cache/index3/size"), "4M\n");
  WriteText(root / (kCpus + "cpu0/cache/index3/shared_cpu_list"), "0-3\n");
  for (int i = 0; i < 2; ++i) {
    const std::string node =
        "sys/devices/system/node/node" + std::to_string(i) + "/";
    WriteText(root / (node + "cpulist"), i == 0 ? "0,2\n" : "1,3\n");
    WriteText(root / (node + "meminfo"),
              "Node " + std::to_string(i) + " MemTotal:  8192 kB\n");
  }
  WriteText(root / "sys/kernel/mm/transparent_hugepage/enabled",
            "always [madvise] never\n");
}

void WriteState(const TempFolder& root,
                const std::string& cpu,
                const std::string& own,
                const std::string& children = "0 0") {
  WriteText(root / "proc/stat", "cpu  " + cpu + "\ncpu0 1 1 1 1\nintr 5\n");
  WriteText(root / "proc/self/stat", "7 (a (b) c) R 1 2 3 4 5 6 7 8 9 10 " +
                                         own + " " + children + " 20 0 1\n");
  WriteText(root / "proc/loadavg", "0.50 0.40 0.30 1/99 7\n");
}

TEST(Machine, IsWhatTheKernelSays) {
  const TempFolder root;
  MakeMachine(root);
  const Machine machine = ReadMachine(SystemFiles(root.path()));
  EXPECT_EQ(machine.cpu, "Acme 3000: fast");
  EXPECT_EQ(machine.isa,
            (std::vector<std::string>{"sse4_2", "avx2", "avx512f"}));
  EXPECT_EQ(machine.threads, 4);
  EXPECT_EQ(machine.usable_threads, 3);
  EXPECT_EQ(machine.smt, true);
  EXPECT_EQ(machine.governors,
            (std::vector<std::string>{"performance", "powersave"}));
  EXPECT_EQ(machine.frequency_driver, "acme-cpufreq");
  EXPECT_EQ(machine.boost, false);
  EXPECT_EQ(machine.max_mhz, 3500);
  ASSERT_EQ(machine.caches.size(), 2u);
  EXPECT_EQ(machine.caches[0].bytes, 32 << 10);
  EXPECT_EQ(machine.caches[0].shared_by, 2);
  EXPECT_EQ(machine.caches[1].level, 3);
  EXPECT_EQ(machine.caches[1].bytes, 4 << 20);
  ASSERT_EQ(machine.nodes.size(), 2u);
  EXPECT_EQ(machine.nodes[1].cpus, 2);
  EXPECT_EQ(machine.nodes[1].memory_bytes, 8 << 20);
  EXPECT_EQ(machine.memory_bytes, 16 << 20);
  EXPECT_EQ(machine.huge_pages, "madvise");
  EXPECT_FALSE(machine.cpu_quota.has_value());
  const auto findings = JudgeMachine(machine);
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_FALSE(findings[0].fatal);
  EXPECT_NE(findings[0].reason.find("powersave"), std::string::npos);
  // Nothing of it changes between two readings, and it can be hashed.
  EXPECT_EQ(MachineJson(machine),
            MachineJson(ReadMachine(SystemFiles(root.path()))));
}

TEST(Machine, TakesTheLeastLimitOfItsGroups) {
  const TempFolder root;
  MakeMachine(root);
  const std::string groups = "sys/fs/cgroup/";
  // Version 2: the parent's CPU limit is the lower one, memory is its own.
  WriteText(root / "proc/self/cgroup", "0::/pod/box\n");
  WriteText(root / (groups + "pod/box/cpu.max"), "max 100000\n");
  WriteText(root / (groups + "pod/cpu.max"), "150000 100000\n");
  WriteText(root / (groups + "pod/box/memory.max"), "1048576\n");
  WriteText(root / (groups + "pod/memory.max"), "max\n");
  Machine machine = ReadMachine(SystemFiles(root.path()));
  EXPECT_EQ(machine.cpu_quota, 1.5);
  EXPECT_EQ(machine.memory_limit_bytes, 1 << 20);
  bool warned = false;
  for (const Finding& finding : JudgeMachine(machine))
    warned |= finding.reason.find("1.5 CPUs") != std::string::npos;
  EXPECT_TRUE(warned);

  // Version 1, a path of another name space, and the limit that is none.
  WriteText(root / "proc/self/cgroup",
            "4:memory:/../x\n2:cpu,cpuacct:/box\n1:name=systemd:/\n");
  WriteText(root / (groups + "cpu,cpuacct/box/cpu.cfs_quota_us"), "50000\n");
  WriteText(root / (groups + "cpu,cpuacct/box/cpu.cfs_period_us"), "200000\n");
  WriteText(root / (groups + "cpu,cpuacct/cpu.cfs_quota_us"), "-1\n");
  WriteText(root / (groups + "memory/memory.limit_in_bytes"),
            "9223372036854771712\n");
  machine = ReadMachine(SystemFiles(root.path()));
  EXPECT_EQ(machine.cpu_quota, 0.25);
  EXPECT_FALSE(machine.memory_limit_bytes.has_value());
}

TEST(Machine, WithoutFilesOrWithOddOnesIsEmpty) {
  const TempFolder root;
  Machine machine = ReadMachine(SystemFiles(root.path()));
  EXPECT_EQ(machine.cpu, "");
  EXPECT_EQ(machine.threads, 0);
  EXPECT_TRUE(JudgeMachine(machine).empty());
  EXPECT_TRUE(MachineJson(machine).at("smt").is_null());
  const std::string junk("\x00\xff:\n9-3,-,,99999999999999999999\n:", 32);
  for (const char* path :
       {"proc/cpuinfo", "proc/meminfo", "proc/self/status", "proc/self/cgroup",
        "proc/stat", "proc/self/stat", "proc/loadavg",
        "sys/devices/system/cpu/online", "sys/devices/system/cpu/smt/active",
        "sys/devices/system/cpu/cpu0/cache/index0/size",
        "sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq",
        "sys/devices/system/node/node0/meminfo",
        "sys/kernel/mm/transparent_hugepage/enabled"})
    WriteText(root / path, junk);
  machine = ReadMachine(SystemFiles(root.path()));
  EXPECT_EQ(machine.threads, 0);
  EXPECT_EQ(ReadMachineState(SystemFiles(root.path())).total_ticks, 0);
}

TEST(Machine, OfThisOneHasThreads) {
  const Machine machine = ReadMachine();
  EXPECT_GE(machine.usable_threads, 1);
  EXPECT_GT(machine.memory_bytes, 0);
}

TEST(SystemFiles, CountLists) {
  EXPECT_EQ(CountOfList("0-3,8"), 5);
  EXPECT_EQ(CountOfList("7"), 1);
  for (const char* odd : {"", "3-1", "a", "1-2-3", "-1", "0-99999999999"})
    EXPECT_EQ(CountOfList(odd), 0) << odd;
}

TEST(Build, WithSanitizersOrAssertsIsRefused) {
  Build build;
  build.optimized = true;
  EXPECT_TRUE(JudgeBuild(build).empty());
  build.asserts = true;
  build.sanitizers = {"address"};
  build.optimized = false;
  const auto findings = JudgeBuild(build);
  EXPECT_EQ(findings.size(), 3u);
  EXPECT_FALSE(IsValid(findings));
  const std::string error =
      testing::InputErrorOf([&] { RefuseOrWarn(findings, false); });
  EXPECT_NE(error.find("address sanitizer"), std::string::npos);
  EXPECT_NE(error.find("--allow"), std::string::npos);
  const auto warnings = RefuseOrWarn(findings, true);
  EXPECT_EQ(warnings.size(), 3u);
  EXPECT_TRUE(IsValid(warnings));
  EXPECT_EQ(BuildJson(ReadBuild()).at("asserts"), ReadBuild().asserts);
  EXPECT_FALSE(ReadBuild().allocator.empty());
}

TEST(Findings, OneThatIsFatalIsNotLetPass) {
  const Finding warning{false, "warm", "wait"}, fatal{true, "slow", "cool"};
  RequireNoneFatal({}, "the batch curve");
  RequireNoneFatal({warning}, "the batch curve");
  EXPECT_EQ(testing::InputErrorOf([&] {
              RequireNoneFatal({warning, fatal}, "the batch curve");
            }),
            "the batch curve is not valid: slow; cool");
}

TEST(Busy, ByTheLoadAverage) {
  MachineState state;
  EXPECT_TRUE(JudgeLoad(state, 4).empty());  // unknown
  state.load1 = 2;
  EXPECT_TRUE(JudgeLoad(state, 4).empty());
  state.load1 = 2.1;
  ASSERT_EQ(JudgeLoad(state, 4).size(), 1u);
  EXPECT_TRUE(JudgeLoad(state, 4)[0].fatal);
}

TEST(MachineState, ReadsWhatTheKernelSays) {
  const TempFolder root;
  MakeMachine(root);
  // user nice system idle iowait irq softirq steal guest guest_nice
  WriteState(root, "100 20 30 1000 40 5 6 7 50 8", "11 4", "2 3");
  WriteText(root / "proc/self/cgroup", "0::/box\n");
  WriteText(root / "sys/fs/cgroup/box/cpu.stat",
            "usage_usec 9\nnr_periods 8\nnr_throttled 3\n");
  const MachineState state = ReadMachineState(SystemFiles(root.path()));
  EXPECT_EQ(state.busy_ticks, 100 + 20 + 30 + 5 + 6);
  EXPECT_EQ(state.steal_ticks, 7);
  EXPECT_EQ(state.total_ticks, 100 + 20 + 30 + 1000 + 40 + 5 + 6 + 7);
  EXPECT_EQ(state.own_ticks, 20);
  EXPECT_EQ(state.load1, 0.5);
  EXPECT_EQ(state.mhz, 1300);  // the fastest
  EXPECT_EQ(state.throttled, 3);
}

TEST(MachineWatch, SeesOthersTheHostAndTheClock) {
  const auto reasons = [](const std::string& cpu, const std::string& own,
                          const std::string& khz,
                          const std::string& children = "0 0") {
    const TempFolder root;
    MakeMachine(root);
    WriteText(root / "proc/self/clear_refs", "");
    WriteState(root, "1000 0 0 1000 0 0 0 0 0 0", "100 0");
    VirtualClock clock;
    const MachineWatch watch(clock, SystemFiles(root.path()));
    EXPECT_EQ(ReadFile(root / "proc/self/clear_refs"), "5");
    WriteState(root, cpu, own, children);
    WriteText(root / (kCpus + "cpu3/cpufreq/scaling_cur_freq"), khz + "\n");
    const MachineWatch::Report report = watch.Finish();
    EXPECT_EQ(report.peak_memory_bytes, 2 << 20);
    std::string text;
    for (const Finding& finding : report.findings)
      text += finding.reason + "\n";
    return text;
  };
  // 1000 ticks: we used 400, nobody else.
  EXPECT_EQ(reasons("1400 0 0 1600 0 0 0 0 0 0", "400 100", "1300000"), "");
  EXPECT_EQ(reasons("1490 0 0 1510 0 0 0 0 0 0", "400 100", "1340000"), "");
  EXPECT_NE(reasons("1600 0 0 1400 0 0 0 0 0 0", "400 100", "1300000")
                .find("others used 20 %"),
            std::string::npos);
  // A program that we started and waited for is no other.
  EXPECT_EQ(reasons("1600 0 0 1400 0 0 0 0 0 0", "400 100", "1300000", "90 20"),
            "");
  EXPECT_NE(reasons("1400 0 0 1570 0 0 0 30 0 0", "400 100", "1300000")
                .find("host took 3.0 %"),
            std::string::npos);
  EXPECT_NE(reasons("1400 0 0 1600 0 0 0 0 0 0", "400 100", "1400000")
                .find("from 1300 to 1400 MHz"),
            std::string::npos);
}

TEST(MachineWatch, SeesAClockThatAGuestCannotRead) {
  MachineState before, after;
  before.probe_ns = 1e6;
  after.probe_ns = 1.04e6;
  EXPECT_TRUE(JudgeMeanwhile(before, after).empty());
  after.probe_ns = 1.2e6;
  ASSERT_EQ(JudgeMeanwhile(before, after).size(), 1u);
  EXPECT_NE(JudgeMeanwhile(before, after)[0].reason.find("1.200 ms after"),
            std::string::npos);
  after = before;
  after.throttled = 2;
  EXPECT_NE(JudgeMeanwhile(before, after)[0].reason.find("stopped 2 times"),
            std::string::npos);
  const Json json = MeanwhileJson(before, after);
  EXPECT_EQ(json.at("throttled"), 2);
  EXPECT_EQ(json.at("mhz").size(), 2u);
  EXPECT_TRUE(json.at("other_share").is_null());
  EXPECT_GT(ProbeClockNs(MonotonicClock(), 1), 0);
}

}  // namespace
}  // namespace eyechart::benchmarks
