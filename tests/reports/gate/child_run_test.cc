#include "reports/gate/child_run.h"

#include <gtest/gtest.h>

#include <csignal>
#include <thread>

#include "core/error.h"
#include "core/files.h"
#include "core/interrupt.h"
#include "tests/fixture.h"

namespace eyechart::reports {
namespace {

namespace fs = std::filesystem;
using eyechart::testing::InputErrorOf;
using eyechart::testing::TempFolder;
using eyechart::testing::WriteText;

class ChildRun : public ::testing::Test {
 protected:
  ChildOptions Shell(const std::string& script) const {
    return {"/bin/sh", {"-c", script}, folder_ / "out", folder_ / "err"};
  }
  TempFolder folder_;
};

TEST_F(ChildRun, KeepsOutputAndExitCode) {
  const ChildEnd end =
      RunChild(Shell("echo said; echo 'first\nlast  ' >&2; exit 6"));
  EXPECT_EQ(end.exit_code, 6);
  EXPECT_EQ(end.signal, 0);
  EXPECT_EQ(end.Text(), "exit code 6");
  EXPECT_EQ(ReadFile(folder_ / "out"), "said\n");
  EXPECT_EQ(LastLine(folder_ / "err"), "last");
  EXPECT_EQ(LastLine(folder_ / "none"), "");
}

TEST_F(ChildRun, SharesOneClock) {
  const ChildEnd first = RunChild(Shell("true"));
  const ChildEnd second = RunChild(Shell("true"));
  EXPECT_LT(first.began_ns, first.ended_ns);
  EXPECT_LE(first.ended_ns, second.began_ns);
}

TEST_F(ChildRun, NamesTheSignalThatEndedIt) {
  const ChildEnd end = RunChild(Shell("kill -SEGV $$"));
  EXPECT_EQ(end.exit_code, -1);
  EXPECT_EQ(end.signal, SIGSEGV);
  EXPECT_EQ(end.Text(), "signal 11 (Segmentation fault)");
}

TEST_F(ChildRun, ReadsNothingFromOurInput) {
  EXPECT_EQ(RunChild(Shell("read line")).exit_code, 1);
}

TEST_F(ChildRun, RefusesWhatCannotBeRun) {
  ChildOptions options = Shell("true");
  options.binary = folder_ / "none";
  EXPECT_NE(InputErrorOf([&] { RunChild(options); }).find("no such file"),
            std::string::npos);
  WriteText(folder_ / "text", "no program");
  options.binary = folder_ / "text";
  EXPECT_NE(InputErrorOf([&] { RunChild(options); }).find("executed"),
            std::string::npos);
  options = Shell("true");
  options.err_log = folder_ / "missing" / "err";
  EXPECT_NE(InputErrorOf([&] { RunChild(options); }).find("missing"),
            std::string::npos);
}

// The child says that it has been told, and ends by itself.
TEST_F(ChildRun, SendsAnInterruptOnAndWaits) {
  InstallInterruptHandlers();
  std::thread sender([this] {
    while (!fs::exists(folder_ / "ready"))
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    ::kill(::getpid(), SIGTERM);
  });
  const std::string script = fmt::format(
      "trap 'echo told > {0}/told; exit 143' TERM\n"
      ": > {0}/ready\nwhile :; do sleep 0.01; done",
      folder_.path().string());
  int signal = 0;
  try {
    RunChild(Shell(script));
  } catch (const Interrupted& interrupted) {
    signal = interrupted.signal();
  }
  sender.join();
  EXPECT_EQ(signal, SIGTERM);
  EXPECT_EQ(ReadFile(folder_ / "told"), "told\n");
  ResetInterrupt();
}

}  // namespace
}  // namespace eyechart::reports
