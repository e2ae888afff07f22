#include "core/interrupt.h"

#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <string>

#include "core/error.h"
#include "core/mapped_file.h"
#include "tests/fixture.h"

namespace eyechart {
namespace {

TEST(Interrupt, TurnsASignalIntoAnExceptionAtASafePoint) {
  InstallInterruptHandlers();
  EXPECT_NO_THROW(ThrowIfInterrupted());
  std::raise(SIGTERM);
  EXPECT_EQ(InterruptSignal(), SIGTERM);
  try {
    ThrowIfInterrupted();
    FAIL() << "nothing was thrown";
  } catch (const Interrupted& interrupted) {
    EXPECT_EQ(interrupted.signal(), SIGTERM);
  }
  ResetInterrupt();
  EXPECT_NO_THROW(ThrowIfInterrupted());
}

TEST(InterruptDeathTest, EndsAtOnceOnTheSecondSignal) {
  EXPECT_EXIT(
      {
        InstallInterruptHandlers();
        std::raise(SIGINT);
        std::raise(SIGINT);
      },
      ::testing::ExitedWithCode(130), "");
}

TEST(InterruptDeathTest, AMappedFileThatShrinksIsSaid) {
  const testing::TempFolder folder;
  testing::WriteText(folder / "file", std::string(20'000, 'x'));
  EXPECT_EXIT(
      {
        InstallInterruptHandlers();
        const MappedFile file(folder / "file");
        std::filesystem::resize_file(folder / "file", 0);
        volatile std::byte last = file.bytes()[19'999];
        static_cast<void>(last);
      },
      ::testing::ExitedWithCode(2), "became shorter");
}

}  // namespace
}  // namespace eyechart
