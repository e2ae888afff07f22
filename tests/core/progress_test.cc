#include "core/progress.h"

#include <gtest/gtest.h>

namespace eyechart {
namespace {

TEST(Progress, NoneTakesEverythingInSilence) {
  ::testing::internal::CaptureStdout();
  ::testing::internal::CaptureStderr();
  Progress& progress = Progress::None();
  progress.Begin("stage", 10);
  progress.Update(5);
  progress.Warn("warning");
  progress.End();
  EXPECT_EQ(::testing::internal::GetCapturedStdout(), "");
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
}

}  // namespace
}  // namespace eyechart
