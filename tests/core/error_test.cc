#include "core/error.h"

#include <gtest/gtest.h>

#include <csignal>
#include <string>

namespace eyechart {
namespace {

TEST(Require, ThrowsTheUsersErrorWithItsText) {
  int evaluated = 0;
  EXPECT_NO_THROW(EYECHART_REQUIRE(++evaluated == 1, "never"));
  EXPECT_EQ(evaluated, 1);
  try {
    EYECHART_REQUIRE(false, "{}: value {}", "file.json", 7);
    FAIL() << "nothing was thrown";
  } catch (const InputError& error) {
    EXPECT_STREQ(error.what(), "file.json: value 7");
  }
}

TEST(Check, NamesExpressionAndPlace) {
  try {
    EYECHART_CHECK(1 + 1 == 3, "sum is {}", 2);
    FAIL() << "nothing was thrown";
  } catch (const std::logic_error& error) {
    const std::string text = error.what();
    EXPECT_NE(text.find("1 + 1 == 3"), std::string::npos) << text;
    EXPECT_NE(text.find("error_test.cc:"), std::string::npos) << text;
    EXPECT_NE(text.find("sum is 2"), std::string::npos) << text;
  }
}

TEST(Interrupted, CarriesItsSignal) {
  EXPECT_EQ(Interrupted(SIGTERM).signal(), SIGTERM);
}

}  // namespace
}  // namespace eyechart
