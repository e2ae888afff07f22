#include "core/interrupt.h"

#include <gtest/gtest.h>

#include <csignal>

#include "core/error.h"

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

}  // namespace
}  // namespace eyechart
