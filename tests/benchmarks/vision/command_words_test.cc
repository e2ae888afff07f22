#include "benchmarks/vision/command_words.h"

#include <gtest/gtest.h>

#include "tests/fixture.h"

namespace eyechart::benchmarks {
namespace {

using testing::InputErrorOf;
using Words = std::vector<std::string>;

// As a POSIX shell cuts them, for all that needs no expansion.
TEST(CommandWords, FollowTheShellsQuotes) {
  EXPECT_EQ(CommandWords("  a  b\tc "), (Words{"a", "b", "c"}));
  EXPECT_EQ(CommandWords("a 'b c' \"d e\""), (Words{"a", "b c", "d e"}));
  EXPECT_EQ(CommandWords("a'b'\"c\"d"), (Words{"abcd"}));
  EXPECT_EQ(CommandWords("a '' b"), (Words{"a", "", "b"}));
  EXPECT_EQ(CommandWords(R"(a b\ c \' \\)"), (Words{"a", "b c", "'", "\\"}));
  EXPECT_EQ(CommandWords(R"(a "\"" "\\" "\n")"),
            (Words{"a", "\"", "\\", "\\n"}));
  EXPECT_EQ(CommandWords(R"(a '\"')"), (Words{"a", "\\\""}));
}

TEST(CommandWords, ExpandNothing) {
  EXPECT_EQ(CommandWords("a $HOME ~ *.jpg | ; `b` {image}"),
            (Words{"a", "$HOME", "~", "*.jpg", "|", ";", "`b`", "{image}"}));
}

TEST(CommandWords, SayWhatIsWrong) {
  const auto error = [](const char* text) {
    return InputErrorOf([text] { CommandWords(text); });
  };
  EXPECT_NE(error("a 'b").find("single quote is not closed"),
            std::string::npos);
  EXPECT_NE(error("a \"b").find("double quote is not closed"),
            std::string::npos);
  EXPECT_NE(error("a\\").find("ends with a backslash"), std::string::npos);
  EXPECT_NE(error("  ").find("names no program"), std::string::npos);
  EXPECT_NE(error("''").find("names no program"), std::string::npos);
}

}  // namespace
}  // namespace eyechart::benchmarks
