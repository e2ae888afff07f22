// On a vocabulary small enough to work out by hand; tests/oracle/ compares with
// the reference on trained ones.
#include "encoders/byte_level_tokenizer.h"

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
using Words = std::vector<std::string>;

Words Split(const std::string& text) {
  const std::u32string points = DecodeUtf8(text);
  Words words;
  for (const std::u32string_view word : SplitForByteLevel(points))
    words.push_back(EncodeUtf8(word));
  return words;
}

TEST(SplitForByteLevelTest, KeepsTheBlankBeforeAWord) {
  EXPECT_EQ(Split("it's 12 cats!"), (Words{"it", "'s", " 12", " cats", "!"}));
  EXPECT_EQ(Split("a  b"), (Words{"a", " ", " b"}));
  EXPECT_EQ(Split("a \n b "), (Words{"a", " \n", " b", " "}));
  EXPECT_EQ(Split("\tb"), (Words{"\t", "b"}));
  EXPECT_EQ(Split(""), Words{});
  EXPECT_EQ(Split("  "), Words{"  "});
  EXPECT_EQ(Split(" don't"), (Words{" don", "'t"}));
}

class ByteLevelTokenizerTest : public ::testing::Test {
 protected:
  // "\u0120" is the blank's character.
  void SetUp() override {
    WriteText(temp_ / "vocab.json", Json({{"<s>", 0},
                                          {"<pad>", 1},
                                          {"</s>", 2},
                                          {"<unk>", 3},
                                          {"a", 4},
                                          {"b", 5},
                                          {"\u0120", 6},
                                          {"\u0120a", 7},
                                          {"ab", 8},
                                          {"\u00c3", 9},
                                          {"\u00a9", 10}})
                                        .dump());
    WriteText(temp_ / "merges.txt", "#version: 0.2\n\u0120 a\na b\n");
  }

  TempFolder temp_;
};

TEST_F(ByteLevelTokenizerTest, MergesWithoutEndOfWord) {
  const ByteLevelTokenizer tokenizer(temp_.path());
  EXPECT_EQ(tokenizer.Encode("ab"), Ids{8});
  EXPECT_EQ(tokenizer.Encode(" ab"), (Ids{7, 5}));
  EXPECT_EQ(tokenizer.Encode("a</s>b"), (Ids{4, 2, 5}));
  EXPECT_EQ(tokenizer.Encode("z"), Ids{3});
  EXPECT_EQ(tokenizer.start_id(), 0);
  EXPECT_EQ(tokenizer.end_id(), 2);
}

TEST_F(ByteLevelTokenizerTest, DecodesBytes) {
  const ByteLevelTokenizer tokenizer(temp_.path());
  const Ids ids = {0, 7, 5, 9, 10, 2, 99};
  EXPECT_EQ(tokenizer.Decode(ids, false), "<s> ab\u00e9</s>");
  EXPECT_EQ(tokenizer.Decode(ids, true), " ab\u00e9");
  EXPECT_EQ(tokenizer.Decode(Ids{9}, true), "\ufffd");
}

TEST_F(ByteLevelTokenizerTest, AppendsTokensThatAreMissing) {
  const ByteLevelTokenizer tokenizer(temp_.path(), {"<od>", "<s>", "<loc_0>"});
  EXPECT_EQ(tokenizer.IdOf("<od>"), 11);
  EXPECT_EQ(tokenizer.IdOf("<s>"), 0);
  EXPECT_EQ(tokenizer.IdOf("<loc_0>"), 12);
  EXPECT_EQ(tokenizer.IdOf("<loc_1>"), std::nullopt);
  EXPECT_EQ(tokenizer.Encode("a<loc_0>"), (Ids{4, 12}));
}

TEST_F(ByteLevelTokenizerTest, MergesOfOneTokenNameTheLine) {
  const auto error = [&] {
    return InputErrorOf([&] { ByteLevelTokenizer tokenizer(temp_.path()); });
  };
  for (const char* line : {"a ", " a", " "}) {
    WriteText(temp_ / "merges.txt", fmt::format("#version: 0.2\n{}\n", line));
    EXPECT_NE(error().find(fmt::format("merges.txt:2: \"{}\"", line)),
              std::string::npos)
        << error();
  }
  for (const char* merge : {R"("a ")", R"(["a", ""])", R"(["", "a"])"}) {
    WriteText(temp_ / "tokenizer.json", fmt::format(R"({{"model": {{"vocab":
                  {{"<unk>": 0, "<s>": 1, "</s>": 2, "a": 3}},
                  "merges": [{}]}}}})",
                                                    merge));
    EXPECT_NE(error().find("should be two tokens"), std::string::npos)
        << error();
  }
}

TEST_F(ByteLevelTokenizerTest, RefusesIdsThatAreNone) {
  for (const char* id : {"-1", "2147483648", "9223372036854775808"}) {
    WriteText(temp_ / "vocab.json",
              fmt::format(R"({{"<unk>": 0, "<s>": 1, "</s>": {}}})", id));
    const std::string error =
        InputErrorOf([&] { ByteLevelTokenizer tokenizer(temp_.path()); });
    EXPECT_NE(
        error.find(fmt::format("vocab.json: token \"</s>\" has id {};", id)),
        std::string::npos)
        << error;
  }
}

TEST_F(ByteLevelTokenizerTest, RefusesANormalizer) {
  WriteText(temp_ / "tokenizer.json",
            R"({"normalizer": {"type": "NFC"},
                "model": {"vocab": {"<unk>": 0, "<s>": 1, "</s>": 2},
                          "merges": []}})");
  EXPECT_NE(InputErrorOf([&] {
              ByteLevelTokenizer tokenizer(temp_.path());
            }).find("\"normalizer\""),
            std::string::npos);
}

}  // namespace
}  // namespace eyechart::encoders
