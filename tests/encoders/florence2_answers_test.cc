// By hand; tests/oracle/ compares thousands of made answers with the reference.
#include "encoders/florence2_answers.h"

#include <gtest/gtest.h>

#include "tests/fixture.h"

namespace eyechart::encoders {
namespace {

using eyechart::testing::InputErrorOf;
using eyechart::testing::TempFolder;
using eyechart::testing::WriteText;

using Box = std::array<int, 4>;
using Labels = std::vector<std::string>;

Florence2Answer Read(std::string_view text,
                     AnswerForm form,
                     const AnswerRules& rules = {}) {
  return ParseFlorence2Answer(text, form, 2000, 1000, rules);
}

TEST(Florence2AnswersTest, ReadsBoxes) {
  const Florence2Answer answer = Read(
      "</s><s>car<loc_1><loc_2><loc_3><loc_4>dog<loc_0><loc_0><loc_999>"
      "<loc_999><loc_5><loc_6><loc_7><loc_8><loc_9></s>",
      AnswerForm::kBoxes);
  EXPECT_EQ(answer.labels, (Labels{"car", "dog", "dog"}));
  // The middle of a bin: two pixels wide here, one high.
  EXPECT_EQ(
      answer.boxes,
      (std::vector<Box>{{3, 2, 7, 4}, {1, 0, 1999, 999}, {11, 6, 15, 8}}));
}

TEST(Florence2AnswersTest, MalformedGivesNothing) {
  for (const char* text :
       {"", "car", "car<loc_1><loc_2><loc_3>", "<loc_1><loc_2><loc_3><loc_4>",
        "car<loc_><loc_1><loc_2><loc_3>", "a\nb<loc_1><loc_2><loc_3><loc_4>",
        "car <loc_1<loc_2><loc_3><loc_4>"})
    EXPECT_TRUE(Read(text, AnswerForm::kBoxes).boxes.empty()) << text;
  // A number that no bin has is kept, as the reference does.
  EXPECT_EQ(Read("x<loc_1000><loc_99999999999999999999><loc_1><loc_1>",
                 AnswerForm::kBoxes)
                .boxes.front()[0],
            2001);
}

TEST(Florence2AnswersTest, ReadsProposals) {
  EXPECT_EQ(Read("<loc_1><loc_2><loc_3><loc_4>", AnswerForm::kProposals).boxes,
            (std::vector<Box>{{3, 2, 7, 4}}));
}

TEST(Florence2AnswersTest, LeavesBannedPhrasesOut) {
  AnswerRules rules;
  rules.banned_phrases = {"it"};
  EXPECT_EQ(Read("it<loc_1><loc_2><loc_3><loc_4>a dog<loc_1><loc_2><loc_3>"
                 "<loc_4>",
                 AnswerForm::kGroundedPhrases, rules)
                .labels,
            Labels{"a dog"});
}

TEST(Florence2AnswersTest, ReadsQuads) {
  const std::string corners =
      "<loc_0><loc_0><loc_9><loc_0><loc_9><loc_9><loc_0><loc_9>";
  const Florence2Answer answer =
      Read("STOP " + corners + "line\ngo" + corners, AnswerForm::kQuads);
  EXPECT_EQ(answer.labels, (Labels{"STOP", "go"}));
  EXPECT_EQ(answer.quads.front(),
            (std::array<int, 8>{1, 0, 19, 0, 19, 9, 1, 9}));
  AnswerRules rules;
  rules.least_quad_area = 0.5;
  EXPECT_TRUE(Read("STOP" + corners, AnswerForm::kQuads, rules).quads.empty());
}

TEST(Florence2AnswersTest, ReadsPolygons) {
  const Florence2Answer answer = Read(
      "cup<poly><loc_0><loc_0><loc_1><loc_1><loc_2><sep><loc_3><loc_3></poly>",
      AnswerForm::kBoxesOrPolygons);
  EXPECT_EQ(answer.labels, Labels{"cup"});
  ASSERT_EQ(answer.polygons.size(), 1u);
  EXPECT_EQ(answer.polygons.front(),
            (std::vector<std::vector<int>>{{1, 0, 3, 1}, {7, 3}}));
}

TEST(Florence2AnswersTest, TextLosesItsEnds) {
  EXPECT_EQ(Read("</s><s> a red cup </s>", AnswerForm::kText).text,
            "a red cup");
}

TEST(Florence2AnswersTest, RulesComeFromTheProcessor) {
  const TempFolder folder;
  EXPECT_TRUE(ReadAnswerRules(folder.path()).banned_phrases.empty());
  WriteText(folder / "processor_config.json",
            R"({"post_processor_config": {"ocr": {"AREA_THRESHOLD": 0.25},
                "phrase_grounding": {"banned_grounding_tokens": ["it"]}}})");
  const AnswerRules rules = ReadAnswerRules(folder.path());
  EXPECT_EQ(rules.banned_phrases, Labels{"it"});
  EXPECT_EQ(rules.least_quad_area, 0.25);
  WriteText(folder / "processor_config.json", "[]");
  EXPECT_NE(InputErrorOf([&] { ReadAnswerRules(folder.path()); }), "");
}

}  // namespace
}  // namespace eyechart::encoders
