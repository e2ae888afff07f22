#include "reports/github.h"

#include <gtest/gtest.h>

#include "tests/reports/sample_runs.h"

namespace eyechart::reports {
namespace {

using testing::CountOf;

Finding Made(FindingLevel level, const std::string& cell) {
  return {level, "failed", cell, "top1", "because"};
}

std::vector<Finding> Errors(int count) {
  std::vector<Finding> findings;
  for (int i = 0; i < count; ++i)
    findings.push_back(Made(FindingLevel::kError, "c" + std::to_string(i)));
  return findings;
}

TEST(AnnotationsTest, EscapeWhatCommandsAreMadeOf) {
  Finding finding = Made(FindingLevel::kError, "a:b,c%");
  finding.message = "50%: one, two\r\n::error::x";
  EXPECT_EQ(Annotations({finding}),
            "::error title=failed%3A a%3Ab%2Cc%25 top1::50%25: one, "
            "two%0D%0A::error::x\n");
}

TEST(AnnotationsTest, TheWorstStandFirst) {
  const std::string text = Annotations({Made(FindingLevel::kNotice, "n"),
                                        Made(FindingLevel::kError, "e"),
                                        Made(FindingLevel::kWarning, "w")});
  EXPECT_TRUE(text.starts_with("::error ")) << text;
  EXPECT_LT(text.find("::warning "), text.find("::notice "));
}

TEST(AnnotationsTest, TenAreShownAndOfMoreNineAndTheirNumber) {
  EXPECT_EQ(CountOf(Annotations(Errors(10)), "because"), 10u);
  const std::string eleven = Annotations(Errors(11));
  EXPECT_EQ(CountOf(eleven, "::error "), 10u);
  EXPECT_EQ(CountOf(eleven, "because"), 9u);
  EXPECT_NE(eleven.find("title=2 more::"), std::string::npos) << eleven;
  EXPECT_EQ(Annotations({}), "");
}

TEST(AnnotationsTest, ALongTitleIsCutAndStandsInTheMessage) {
  const std::string name(300, 'x');
  const std::string text = Annotations({Made(FindingLevel::kError, name)});
  EXPECT_EQ(CountOf(text, name), 1u);
  EXPECT_NE(text.find("\u2026::" + name + " top1%0Abecause"), std::string::npos)
      << text;
}

TEST(LimitMarkdownTest, LeavesWhatFits) {
  EXPECT_EQ(LimitMarkdown("a\nb", 3), "a\nb");
  EXPECT_EQ(LimitMarkdown(""), "");
}

TEST(LimitMarkdownTest, CutsAtARowAndSaysSo) {
  std::string table = "| a |\n| --- |\n";
  for (int i = 0; i < 1000; ++i) table += "| row |\n";
  for (const std::size_t bytes : {200u, 201u, 207u, 1000u}) {
    const std::string cut = LimitMarkdown(table, bytes);
    EXPECT_LE(cut.size(), bytes);
    EXPECT_GT(cut.size(), bytes - 8);  // a row more would not fit
    EXPECT_NE(cut.find("|\n\n**Cut here**"), std::string::npos) << cut;
  }
}

TEST(LimitMarkdownTest, ClosesABlockOfCode) {
  std::string text = "````\n```\n";
  for (int i = 0; i < 1000; ++i) text += "code\n";
  const std::string cut = LimitMarkdown(text, 300);
  EXPECT_LE(cut.size(), 300u);
  EXPECT_NE(cut.find("code\n````\n\n**Cut here**"), std::string::npos) << cut;
}

}  // namespace
}  // namespace eyechart::reports
