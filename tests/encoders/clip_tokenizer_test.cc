// On a vocabulary small enough to work out by hand; tests/oracle/ compares with
// the reference on real ones.
#include "encoders/clip_tokenizer.h"

#include <gtest/gtest.h>

#include "core/json.h"
#include "encoders/clip_text_rules.h"
#include "tests/fixture.h"

namespace eyechart::encoders {
namespace {

using eyechart::testing::InputErrorOf;
using eyechart::testing::TempFolder;
using eyechart::testing::WriteText;

using Ids = std::vector<std::int64_t>;

constexpr std::int64_t kStart = 100;
constexpr std::int64_t kEnd = 101;

Json Vocabulary() {
  return {{"a", 0},
          {"b", 1},
          {"c", 2},
          {"a</w>", 3},
          {"b</w>", 4},
          {"c</w>", 5},
          {"ab", 6},
          {"ab</w>", 7},
          {"abc</w>", 8},
          {"bc</w>", 9},
          {"!</w>", 10},
          {"<|startoftext|>", kStart},
          {"<|endoftext|>", kEnd}};
}

class ClipTokenizerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    WriteText(temp_ / "vocab.json", Vocabulary().dump());
    WriteText(temp_ / "merges.txt",
              "#version: 0.2\nb c</w>\na b\na b</w>\nab c</w>\n");
  }
  Ids Encode(std::string_view text, std::int64_t length = 77) {
    return ClipTokenizer(temp_.path()).Encode(text, length);
  }

  TempFolder temp_;
};

TEST_F(ClipTokenizerTest, MergesByRank) {
  EXPECT_EQ(Encode("ab"), (Ids{kStart, 7, kEnd}));
  // "b c</w>" ranks before "a b", so "abc" is never whole.
  EXPECT_EQ(Encode("abc"), (Ids{kStart, 0, 9, kEnd}));
  EXPECT_EQ(Encode("aba"), (Ids{kStart, 6, 3, kEnd}));
}

TEST_F(ClipTokenizerTest, NormalisesBeforeItSplits) {
  EXPECT_EQ(Encode("  AB\t\n a! "), (Ids{kStart, 7, 3, 10, kEnd}));
  EXPECT_EQ(Encode(""), (Ids{kStart, kEnd}));
  // What the vocabulary lacks is the unknown token, a byte at a time.
  EXPECT_EQ(Encode("é"), (Ids{kStart, kEnd, kEnd, kEnd}));
  EXPECT_EQ(Encode("\xff"), (Ids{kStart, kEnd, kEnd, kEnd, kEnd}));
}

TEST_F(ClipTokenizerTest, FindsSpecialTokensInTheText) {
  EXPECT_EQ(Encode("ab<|endoftext|>ab"), (Ids{kStart, 7, kEnd, 7, kEnd}));
}

TEST_F(ClipTokenizerTest, TruncationKeepsTheEnd) {
  EXPECT_EQ(Encode("a b c a b c", 5), (Ids{kStart, 3, 4, 5, kEnd}));
  EXPECT_EQ(Encode("a b c", 2), (Ids{kStart, kEnd}));
}

TEST_F(ClipTokenizerTest, ReadsTokenizerJson) {
  std::filesystem::remove(temp_ / "vocab.json");
  const Json json = {
      {"added_tokens", Json::array()},
      {"model",
       {{"vocab", Vocabulary()},
        {"merges", Json::array({"b c</w>", Json::array({"a", "b"})})}}}};
  WriteText(temp_ / "tokenizer.json", json.dump());
  EXPECT_EQ(Encode("abc ab"), (Ids{kStart, 0, 9, 0, 4, kEnd}));
}

TEST_F(ClipTokenizerTest, BadFilesNameThePlace) {
  const auto error = [&] {
    return InputErrorOf([&] { ClipTokenizer tokenizer(temp_.path()); });
  };
  WriteText(temp_ / "merges.txt", "#version: 0.2\na b c\n");
  EXPECT_NE(error().find("merges.txt:2"), std::string::npos) << error();
  WriteText(temp_ / "merges.txt", "a z\n");
  EXPECT_NE(error().find("\"z\""), std::string::npos) << error();
  WriteText(temp_ / "vocab.json", R"({"a": "one"})");
  EXPECT_NE(error().find("\"a\""), std::string::npos) << error();
  std::filesystem::remove(temp_ / "vocab.json");
  EXPECT_NE(error().find("no tokenizer"), std::string::npos) << error();
}

TEST_F(ClipTokenizerTest, LongWordsTakeNoQuadraticTime) {
  std::string word;
  for (int i = 0; i < 200'000; ++i) word += "ab";
  EXPECT_EQ(Encode(word, 1'000'000).size(), 200'002U);
}

TEST(ClipTextRulesTest, SplitsWords) {
  const auto words = [](std::u32string_view text) {
    std::vector<std::string> result;
    for (const auto word : SplitForClip(text))
      result.push_back(EncodeUtf8(word));
    return result;
  };
  EXPECT_EQ(words(U"it's 12 'llx"),
            (std::vector<std::string>{"it", "'s", "1", "2", "'ll", "x"}));
  EXPECT_EQ(words(U"a!'s"), (std::vector<std::string>{"a", "!'", "s"}));
}

TEST(ClipTextRulesTest, Normalises) {
  const auto normal = [](std::string_view text) {
    return EncodeUtf8(NormalizeForClip(DecodeUtf8(text)));
  };
  EXPECT_EQ(normal("e\u0301"), "\u00e9");
  EXPECT_EQ(normal("\u0130"), "i\u0307");
  EXPECT_EQ(normal("\u03a3\u03a3"), "\u03c3\u03c3");  // no final sigma
  EXPECT_EQ(normal("a\u3000\u00a0b"), "a b");
}

TEST(ByteLevelTest, ShiftsWhatDoesNotPrint) {
  EXPECT_EQ(ByteLevelCharacter('a'), "a");
  EXPECT_EQ(ByteLevelCharacter(' '), "\u0120");
  EXPECT_EQ(ByteLevelCharacter(0), "\u0100");
  EXPECT_EQ(ByteLevelCharacter(0xAD), "\u0143");
}

}  // namespace
}  // namespace eyechart::encoders
