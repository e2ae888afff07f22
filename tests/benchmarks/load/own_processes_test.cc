#include "benchmarks/load/own_processes.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/fixture.h"

namespace eyechart::benchmarks {
namespace {

using testing::TempFolder;
using testing::WriteText;
using Pids = std::vector<std::int64_t>;

// A machine where 1 started 100, which is us, and 200; 100 started 110 and that
// 111.
class OwnProcesses : public ::testing::Test {
 protected:
  OwnProcesses() {
    Start(1, 0);
    Start(100, 1);
    Start(110, 100);
    Start(111, 110);
    Start(200, 1);
  }

  void Start(int pid, int parent) const {
    WriteText(root_ / "proc" / std::to_string(pid) / "status",
              "Name:\tone\nPid:\t" + std::to_string(pid) + "\nPPid:\t" +
                  std::to_string(parent) + "\n");
  }

  Pids After(const Pids& told, bool of_host = true) const {
    NvmlState state;
    state.processes.emplace();
    for (const std::int64_t pid : told) state.processes->push_back({pid, {}});
    ClaimOwnProcesses({100, of_host}, SystemFiles(root_.path()), state);
    Pids pids;
    for (const NvmlProcess& process : *state.processes)
      pids.push_back(process.pid);
    return pids;
  }

  const TempFolder root_;
};

TEST_F(OwnProcesses, AreUsAndWhatWeStarted) {
  EXPECT_EQ(After({100, 110, 111, 200}), (Pids{100, 100, 100, 200}));
  EXPECT_EQ(After({}), Pids{});
}

TEST_F(OwnProcesses, AreNotLookedForAmongTheNumbersOfAnotherHost) {
  EXPECT_EQ(After({110, 200, 300}, false), (Pids{110, 200, 300}));
}

// 300 has ended meanwhile. Where processes are hidden nobody knows.
TEST_F(OwnProcesses, LeavesOutWhatHasEnded) {
  EXPECT_EQ(After({110, 300}), (Pids{100}));
  std::filesystem::remove_all(root_ / "proc/1");
  EXPECT_EQ(After({110, 300}), (Pids{100, 300}));
}

TEST_F(OwnProcesses, EndsInARing) {
  Start(400, 401);
  Start(401, 400);
  EXPECT_EQ(After({400}), Pids{400});
}

// A library that tells of no processes says so.
TEST(OwnProcessesUntold, StayUntold) {
  NvmlState state;
  ClaimOwnProcesses({100, true}, SystemFiles(), state);
  EXPECT_FALSE(state.processes.has_value());
}

}  // namespace
}  // namespace eyechart::benchmarks
