#include "reports/visible_text.h"

#include <gtest/gtest.h>

namespace eyechart::reports {
namespace {

TEST(AsUtf8Test, RepairsIllFormedBytes) {
  EXPECT_EQ(AsUtf8("a\xff"
                   "b"),
            "a\ufffd"
            "b");
  EXPECT_EQ(AsUtf8("\u00e9\U0001F441"), "\u00e9\U0001F441");
  EXPECT_EQ(AsUtf8(""), "");
}

TEST(VisibleTextTest, WritesOutWhatXmlCannotHold) {
  EXPECT_EQ(VisibleText(std::string_view("a\0b\x1b[0m", 7)),
            "a\\u0000b\\u001b[0m");
  EXPECT_EQ(VisibleText("\x7f\u0080\u009f"), "\\u007f\\u0080\\u009f");
  EXPECT_EQ(VisibleText("\uFFFE|\uFFFF|\uFFFD"), "\\ufffe|\\uffff|\uFFFD");
  EXPECT_EQ(VisibleText("tab\tline\r\n\u00a0"), "tab\tline\r\n\u00a0");
}

TEST(CutTextTest, CutsWholeCharacters) {
  EXPECT_EQ(CutText("abcdef", 6), "abcdef");
  EXPECT_EQ(CutText("abcdefg", 6), "abc\u2026");
  // U+4E2D has three bytes: none of it fits beside the three of the end.
  EXPECT_EQ(CutText("a\u4e2d\u4e2d", 6), "a\u2026");
  EXPECT_EQ(CutText("\u4e2d\u4e2d\u4e2d", 7), "\u4e2d\u2026");
}

}  // namespace
}  // namespace eyechart::reports
