#include "core/text.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

namespace eyechart {
namespace {

TEST(EditDistance, CountsEdits) {
  EXPECT_EQ(EditDistance("kitten", "sitting"), 3u);
  EXPECT_EQ(EditDistance("", "abc"), 3u);
  EXPECT_EQ(EditDistance("same", "same"), 0u);
}

TEST(NearestName, OffersOnlyLikelySlips) {
  EXPECT_EQ(NearestName("near_mn", {"far_max", "near_min"}), "near_min");
  EXPECT_FALSE(NearestName("zzzzzz", {"far_max", "near_min"}).has_value());
  EXPECT_EQ(DidYouMean("dtyp", {"dtype"}), " (did you mean \"dtype\"?)");
  EXPECT_EQ(DidYouMean("qqqqqq", {"dtype"}), "");
}

TEST(GlobMatch, MatchesWholeTexts) {
  EXPECT_TRUE(GlobMatch("*", ""));
  EXPECT_TRUE(GlobMatch("clip*/mine/*", "clip~dino/mine/photos/default"));
  EXPECT_TRUE(GlobMatch("*a*b", "xaab"));
  EXPECT_FALSE(GlobMatch("clip", "clip/encode"));
  EXPECT_FALSE(GlobMatch("a?c", "ac"));
  // A pattern of many stars takes no exponential time.
  EXPECT_FALSE(GlobMatch(std::string(40, '*') + "b", std::string(2000, 'a')));
}

TEST(FormatDouble, ReadsBack) {
  for (const double value : {0.1, 1.0 / 3, 1e300, 5e-324, -0.95, 12345.0})
    EXPECT_EQ(ParseDouble(FormatDouble(value)), value);
  EXPECT_EQ(FormatDouble(0.95), "0.95");
}

TEST(Parse, TakesWholeTextsOnly) {
  EXPECT_EQ(ParseInt("-12"), -12);
  EXPECT_FALSE(ParseInt("12x").has_value());
  EXPECT_FALSE(ParseInt("").has_value());
  EXPECT_FALSE(ParseInt("99999999999999999999").has_value());
  EXPECT_FALSE(ParseDouble("0.5 ").has_value());
}

TEST(EscapeHtml, EscapesWhatEndsTextOrAttribute) {
  EXPECT_EQ(EscapeHtml("<a href='x'>\"&\"</a>"),
            "&lt;a href=&#39;x&#39;&gt;&quot;&amp;&quot;&lt;/a&gt;");
}

// RFC 4648, section 10.
TEST(Base64, EqualsTheStandardsExamples) {
  EXPECT_EQ(Base64(""), "");
  EXPECT_EQ(Base64("f"), "Zg==");
  EXPECT_EQ(Base64("fo"), "Zm8=");
  EXPECT_EQ(Base64("foobar"), "Zm9vYmFy");
}

TEST(Utf8Mark, IsSkippedOnceAndAtTheStartAlone) {
  EXPECT_EQ(WithoutUtf8Mark("\xEF\xBB\xBFtext"), "text");
  EXPECT_EQ(WithoutUtf8Mark("\xEF\xBB\xBF"), "");
  EXPECT_EQ(WithoutUtf8Mark("\xEF\xBB\xBF\xEF\xBB\xBFx"), "\xEF\xBB\xBFx");
  EXPECT_EQ(WithoutUtf8Mark("\xEF\xBBtext"), "\xEF\xBBtext");
  EXPECT_EQ(WithoutUtf8Mark("a\xEF\xBB\xBF"), "a\xEF\xBB\xBF");
  EXPECT_EQ(WithoutUtf8Mark(""), "");
}

TEST(Utf8, IsToldFromOtherBytes) {
  for (const char* text :
       {"", "dog", "d\xC3\xB6g", "\xE2\x82\xAC", "\xF0\x9F\x98\x80",
        "\xED\x9F\xBF", "\xEE\x80\x80", "\xF4\x8F\xBF\xBF"}) {
    EXPECT_TRUE(IsUtf8(text)) << text;
    EXPECT_EQ(EscapeNotUtf8(text), text);
  }
  // Latin-1, cut, overlong, a surrogate, too large, a byte that follows none.
  for (const char* text :
       {"d\xF6g", "\xC3", "\xE2\x82", "\xC0\xAF", "\xC1\xBF", "\xE0\x9F\xBF",
        "\xF0\x8F\xBF\xBF", "\xED\xA0\x80", "\xF4\x90\x80\x80",
        "\xF5\x80\x80\x80", "a\x80", "\xFF"}) {
    EXPECT_FALSE(IsUtf8(text)) << text;
    EXPECT_TRUE(IsUtf8(EscapeNotUtf8(text))) << text;
  }
  EXPECT_TRUE(IsUtf8(std::string_view("a\0b", 3)));
  EXPECT_EQ(EscapeNotUtf8("d\xF6g \xC3\xB6 \xE2\x82"),
            "d\\xf6g \xC3\xB6 \\xe2\\x82");
}

TEST(FirstLine, EndsAtTheLineFeed) {
  EXPECT_EQ(FirstLine("a\nb"), "a");
  EXPECT_EQ(FirstLine("a"), "a");
  EXPECT_EQ(FirstLine("\n"), "");
}

TEST(UtcNow, IsRfc3339) {
  const std::string now = UtcNow();
  ASSERT_EQ(now.size(), 20u);
  EXPECT_EQ(now[10], 'T');
  EXPECT_EQ(now.back(), 'Z');
}

}  // namespace
}  // namespace eyechart
