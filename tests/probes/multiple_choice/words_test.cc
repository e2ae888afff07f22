#include "probes/multiple_choice/words.h"

#include <gtest/gtest.h>

namespace eyechart::multiple_choice {
namespace {

std::vector<std::string> TextsOf(std::string_view text) {
  std::vector<std::string> texts;
  for (const Word& word : Words(text)) texts.push_back(word.text);
  return texts;
}

using Texts = std::vector<std::string>;

TEST(Words, KeepNumbersTimesAndContractionsWhole) {
  EXPECT_EQ(TextsOf("It's 3:45, or -2.5!"),
            (Texts{"it's", "3:45", "or", "-2.5"}));
  EXPECT_EQ(TextsOf("left-facing (b)."), (Texts{"left", "facing", "b"}));
  EXPECT_EQ(TextsOf("1,200 x2-3"), (Texts{"1,200", "x2", "3"}));
  EXPECT_EQ(TextsOf("na\xc3\xafve 'a'"), (Texts{"na\xc3\xafve", "a"}));
  EXPECT_EQ(TextsOf(" .:- "), Texts{});
  const std::vector<Word> words = Words("a  bc");
  EXPECT_EQ(words[1].begin, 3u);
  EXPECT_EQ(words[1].end, 5u);
}

TEST(PlainName, MakesSpellingsAlike) {
  EXPECT_EQ(PlainName("Camera_Perspective "), "camera perspective");
  EXPECT_EQ(PlainName("camera-perspective"), PlainName("Camera Perspective"));
  EXPECT_NE(PlainName("Color"), PlainName("Colors"));
}

TEST(PlainPunctuation, KeepsEverythingElse) {
  EXPECT_EQ(PlainPunctuation("\u201cb\u201d \u00e9\uff08"), "\"b\" \u00e9(");
}

}  // namespace
}  // namespace eyechart::multiple_choice
