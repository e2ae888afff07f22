#include "encoders/florence2_prompts.h"

#include <gtest/gtest.h>

#include "tests/fixture.h"

namespace eyechart::encoders {
namespace {

using eyechart::testing::InputErrorOf;

TEST(Florence2PromptsTest, WritesTasksOut) {
  EXPECT_EQ(ExpandFlorence2Prompt("<CAPTION>"),
            "What does the image describe?");
  EXPECT_EQ(ExpandFlorence2Prompt("<OPEN_VOCABULARY_DETECTION> a cup "),
            "Locate a cup in the image.");
  EXPECT_EQ(ExpandFlorence2Prompt("How many cups?"), "How many cups?");
  EXPECT_EQ(ExpandFlorence2Prompt(""), "");
}

TEST(Florence2PromptsTest, RefusesInputThatATaskDoesNotTake) {
  EXPECT_NE(InputErrorOf([] {
              ExpandFlorence2Prompt("<OD> cups");
            }).find("<OD> takes no input"),
            std::string::npos);
}

TEST(Florence2PromptsTest, TokensAreThoseOfTheRelease) {
  const std::vector<std::string> tokens = Florence2Tokens();
  ASSERT_EQ(tokens.size(), 1024u);  // 51289 less BART's 50265
  EXPECT_EQ(tokens[4], "<loc_0>");
  EXPECT_EQ(tokens[1003], "<loc_999>");
  EXPECT_EQ(tokens.back(), "<and>");
}

TEST(Florence2PromptsTest, FindsTheTask) {
  EXPECT_EQ(FindFlorence2Task("<OD>")->form, AnswerForm::kBoxes);
  EXPECT_EQ(FindFlorence2Task("what?"), nullptr);
}

}  // namespace
}  // namespace eyechart::encoders
