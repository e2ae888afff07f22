#include "encoders/unigram.h"

#include <gtest/gtest.h>

#include <limits>

#include "tests/fixture.h"

namespace eyechart::encoders {
namespace {

using eyechart::testing::InputErrorOf;
using Ids = std::vector<std::int64_t>;
using Kind = UnigramPiece::Kind;

Ids Encode(const Unigram& model, std::string_view text) {
  Ids ids;
  model.Encode(text, ids);
  return ids;
}

std::vector<UnigramPiece> Pieces() {
  return {{"<unk>", 0}, {"a", -2}, {"b", -2}, {"ab", -3}, {"abb", -6}};
}

TEST(UnigramTest, TakesTheLikeliest) {
  const Unigram model(Pieces(), {.unknown = 0}, "test");
  EXPECT_EQ(Encode(model, "ab"), (Ids{3}));
  EXPECT_EQ(Encode(model, "abb"), (Ids{3, 2}));  // -5 beats -6
  EXPECT_EQ(Encode(model, ""), (Ids{}));
}

TEST(UnigramTest, NeighboursThatAreUnknownAreOne) {
  const Unigram model(Pieces(), {.unknown = 0}, "test");
  EXPECT_EQ(Encode(model, "a\u00e9zb\u00e9"), (Ids{1, 0, 2, 0}));
  EXPECT_EQ(model.Cut("\u00e9z").size(), 2U);
  // Ill-formed at the end: no step leads outside.
  EXPECT_EQ(Encode(model, "a\xe2\x82"), (Ids{1, 0}));
}

TEST(UnigramTest, FallsBackToBytesWhereAllAreThere) {
  auto pieces = Pieces();
  pieces.push_back({"<0xC3>", -9, Kind::kNotInText});
  const UnigramOptions options{.unknown = 0, .byte_fallback = true};
  EXPECT_EQ(Encode(Unigram(pieces, options, "test"), "\u00e9"), (Ids{0}));
  pieces.push_back({"<0xA9>", -9, Kind::kNotInText});
  EXPECT_EQ(Encode(Unigram(pieces, options, "test"), "\u00e9"), (Ids{5, 6}));
}

TEST(UnigramTest, SomePiecesAreNotLookedForInTexts) {
  auto pieces = Pieces();
  pieces[3].kind = Kind::kNotInText;
  const Unigram model(pieces, {.unknown = 0}, "test");
  EXPECT_EQ(Encode(model, "ab"), (Ids{1, 2}));
  EXPECT_EQ(model.IdOf("ab"), 3);
  EXPECT_EQ(model.IdOf("none"), std::nullopt);
}

TEST(UnigramTest, PrecisionDecidesNearTies) {
  // Apart by less than single precision tells.
  const double small = 1e-9;
  const std::vector<UnigramPiece> pieces = {
      {"<unk>", 0}, {"a", -1}, {"b", -1}, {"ab", -2 - small}};
  EXPECT_EQ(Encode(Unigram(pieces, {.unknown = 0}, "test"), "ab"), (Ids{1, 2}));
  EXPECT_EQ(
      Encode(Unigram(pieces, {.unknown = 0, .single_precision = true}, "test"),
             "ab"),
      (Ids{3}));
}

TEST(UnigramTest, BadVocabulariesNameThePlace) {
  EXPECT_NE(InputErrorOf([] { Unigram({}, {}, "file"); }).find("file"),
            std::string::npos);
  EXPECT_NE(
      InputErrorOf([] { Unigram(Pieces(), {.unknown = 5}, "file"); }).find("5"),
      std::string::npos);
  const double infinite = std::numeric_limits<double>::infinity();
  EXPECT_NE(InputErrorOf([&] {
              Unigram({{"a", infinite}}, {}, "file");
            }).find("\"a\""),
            std::string::npos);
  EXPECT_NE(InputErrorOf([] {
              Encode(Unigram({{"a", -1}}, {}, "file"), "ab");
            }).find("\"b\""),
            std::string::npos);
}

TEST(UnigramTest, LongTextsTakeNoQuadraticTime) {
  const Unigram model(Pieces(), {.unknown = 0}, "test");
  std::string text;
  for (int i = 0; i < 500'000; ++i) text += "ab";
  EXPECT_EQ(Encode(model, text).size(), 500'000U);
}

}  // namespace
}  // namespace eyechart::encoders
