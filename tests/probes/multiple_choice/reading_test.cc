#include "probes/multiple_choice/reading.h"

#include <gtest/gtest.h>

namespace eyechart::multiple_choice {
namespace {

Question Truth(double value, double tolerance, double range = 0) {
  Question item;
  item.value = value;
  item.tolerance = tolerance;
  if (range > 0) item.range = range;
  return item;
}

TEST(ParseClock, ReadsOneTime) {
  EXPECT_EQ(ParseClock("It is 3:45."), 225);
  EXPECT_EQ(ParseClock("15:45"), 225);
  EXPECT_EQ(ParseClock("(b) 12:00"), 0);
  EXPECT_EQ(ParseClock("3:45:20"), 225);
  EXPECT_EQ(ParseClock("about 11:59pm"), 719);
  EXPECT_EQ(ParseClock("3:45, that is 15:45"), 225);
}

TEST(ParseClock, IsSilentOtherwise) {
  for (const char* text :
       {"", "noon", "3:45 or 4:45", "3:4", "3:75", "25:00", "345"})
    EXPECT_EQ(ParseClock(text), std::nullopt) << text;
}

TEST(ParseNumber, ReadsOneNumber) {
  EXPECT_EQ(ParseNumber("42 psi"), 42);
  EXPECT_EQ(ParseNumber("The needle shows -2.5."), -2.5);
  EXPECT_EQ(ParseNumber("42psi"), 42);
  EXPECT_EQ(ParseNumber("2,5 bar"), 2.5);
  EXPECT_EQ(ParseNumber("1,200 rpm"), 1200);
  EXPECT_EQ(ParseNumber("(a) 60 degrees"), 60);
  EXPECT_EQ(ParseNumber("between 40 and 50"), std::nullopt);
  EXPECT_EQ(ParseNumber("nearly empty"), std::nullopt);
}

TEST(ReadingError, GoesTheShorterWayRound) {
  EXPECT_EQ(ReadingError(Reading::kClock, Truth(5, 1), 715), 10);
  EXPECT_EQ(ReadingError(Reading::kClock, Truth(0, 1), 360), 360);
  EXPECT_EQ(ReadingError(Reading::kClock, Truth(60, 1), 61), 1);
  EXPECT_TRUE(WithinTolerance(Reading::kClock, Truth(719, 2), 1));
  EXPECT_FALSE(WithinTolerance(Reading::kClock, Truth(719, 1), 1));
}

TEST(ReadingError, IsInPerCentOfTheRange) {
  EXPECT_EQ(ReadingError(Reading::kGauge, Truth(40, 1, 200), 50), 5);
  EXPECT_EQ(ReadingError(Reading::kGauge, Truth(40, 1), 50), std::nullopt);
  EXPECT_TRUE(WithinTolerance(Reading::kGauge, Truth(40, 10), 50));
  EXPECT_FALSE(WithinTolerance(Reading::kGauge, Truth(40, 9.9), 50));
  EXPECT_EQ(ReadingError(Reading::kNone, Truth(40, 1, 200), 50), std::nullopt);
}

}  // namespace
}  // namespace eyechart::multiple_choice
