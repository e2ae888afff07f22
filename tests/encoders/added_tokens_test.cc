#include "encoders/added_tokens.h"

#include <gtest/gtest.h>

#include <utility>

namespace eyechart::encoders {
namespace {

WantedToken Wanted(std::u32string text, std::int64_t id) {
  WantedToken wanted;
  wanted.text = std::move(text);
  wanted.token.id = id;
  return wanted;
}

TEST(CutAtTokensTest, TakesTheLongestOfThoseAtOnePlace) {
  const std::vector<WantedToken> wanted = {Wanted(U"ab", 1), Wanted(U"abc", 2)};
  const auto pieces = CutAtTokens(U"xabcab", wanted);
  ASSERT_EQ(pieces.size(), 3U);
  EXPECT_EQ(pieces[0].text, U"x");
  EXPECT_EQ(pieces[0].token, nullptr);
  EXPECT_EQ(pieces[1].text, U"abc");
  EXPECT_EQ(pieces[1].token, &wanted[1].token);
  EXPECT_EQ(pieces[2].token, &wanted[0].token);
}

// It is everywhere: cutting at it would have no end.
TEST(CutAtTokensTest, NeverFindsATokenWithoutText) {
  std::vector<WantedToken> wanted = {Wanted(U"", 1), Wanted(U"b", 2)};
  // Inside a word such a match is passed over, which gives no piece.
  wanted[0].token.single_word = true;
  const auto pieces = CutAtTokens(U"ab", wanted);
  ASSERT_EQ(pieces.size(), 2U);
  EXPECT_EQ(pieces[0].text, U"a");
  EXPECT_EQ(pieces[1].token, &wanted[1].token);
}

}  // namespace
}  // namespace eyechart::encoders
