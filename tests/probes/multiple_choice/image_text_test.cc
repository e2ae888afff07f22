#include "probes/multiple_choice/image_text.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace eyechart::multiple_choice {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

TEST(JudgePair, TellsTheDirectionsApart) {
  // Both statements find their picture; both pictures prefer statement 0.
  const PairVerdict image = JudgePair({{{5, 3}, {1, 2}}});
  EXPECT_TRUE(image.correct);
  EXPECT_FALSE(image.text);  // picture 1: 2 < 3
  EXPECT_FALSE(image.group);
  EXPECT_TRUE(image.diagonal);
  // Each picture finds its statement; both statements prefer picture 0.
  const PairVerdict text = JudgePair({{{5, 1}, {3, 2}}});
  EXPECT_FALSE(text.correct);
  EXPECT_TRUE(text.statement[0]);
  EXPECT_FALSE(text.statement[1]);
  EXPECT_TRUE(text.text);
  EXPECT_FALSE(text.group);
  EXPECT_TRUE(text.diagonal);
  const PairVerdict both = JudgePair({{{5, 1}, {1, 5}}});
  EXPECT_TRUE(both.correct && both.text && both.group && both.diagonal);
  const PairVerdict neither = JudgePair({{{1, 5}, {5, 1}}});
  EXPECT_FALSE(neither.correct || neither.text || neither.diagonal);
}

TEST(JudgePair, GivesTheSoftmaxOfTwo) {
  const PairVerdict verdict = JudgePair({{{1, 0}, {0, 2}}});
  EXPECT_NEAR(verdict.own[0], 1 / (1 + std::exp(-1.0)), 1e-6);
  EXPECT_NEAR(verdict.own[1], 1 / (1 + std::exp(-2.0)), 1e-6);
}

TEST(JudgePair, CountsTiesAsWrong) {
  const PairVerdict tie = JudgePair({{{2, 2}, {0, 1}}});
  EXPECT_EQ(tie.status[0], Status::kTie);
  EXPECT_EQ(tie.status[1], Status::kOk);
  EXPECT_FALSE(tie.statement[0]);
  EXPECT_TRUE(tie.statement[1]);
  EXPECT_FALSE(tie.correct);
  // Two copies of one picture: no score has a winner.
  const PairVerdict same = JudgePair({{{2, 2}, {2, 2}}});
  EXPECT_FALSE(same.correct || same.text || same.group || same.diagonal);
}

TEST(JudgePair, CountsWhatIsNotFiniteAsWrong) {
  for (const float bad : {kNan, kInfinity, -kInfinity}) {
    const PairVerdict verdict = JudgePair({{{bad, 1}, {1, 5}}});
    EXPECT_EQ(verdict.status[0], Status::kNotFinite);
    EXPECT_FALSE(verdict.statement[0]);
    EXPECT_TRUE(verdict.statement[1]);
    EXPECT_FALSE(verdict.correct || verdict.text || verdict.group ||
                 verdict.diagonal);
  }
}

Embeddings Rows(std::size_t dim, std::vector<float> values) {
  Embeddings rows;
  rows.dim = dim;
  rows.problem.resize(values.size() / dim);
  rows.values = std::move(values);
  return rows;
}

Benchmark TwoPairs() {
  Benchmark benchmark;
  for (int i = 0; i < 4; ++i) {
    const std::string id = std::to_string(i + 1);
    benchmark.pictures.push_back({id, id + ".jpg"});
    Question item;
    item.id = id;
    item.picture = static_cast<std::size_t>(i);
    item.pair = std::to_string(i / 2);
    item.statement = i % 2 == 0 ? "x" : "y";
    item.options = {"x", "y"};
    item.answer = i % 2;
    benchmark.items.push_back(item);
  }
  benchmark.pairs = {{0, 1}, {2, 3}};
  return benchmark;
}

TEST(ScoreStatements, KeepsUnreadablePicturesInTheDenominator) {
  const Benchmark benchmark = TwoPairs();
  Embeddings pictures = Rows(2, {1, 0, 0, 1, 1, 0, 0, 0});
  pictures.problem[3] = "not a picture";
  const Texts texts = StatementTexts(benchmark, {"a photo of ", false});
  ASSERT_EQ(texts.unique,
            (std::vector<std::string>{"a photo of x", "a photo of y"}));
  const Result result = ScoreStatements(benchmark, pictures, texts,
                                        Rows(2, {1, 0.1F, 0.1F, 1}), {10, 0});
  const Tally all = CountAll(benchmark, result);
  EXPECT_EQ(all.pairs, 2);
  EXPECT_EQ(all.correct_pairs, 1);
  EXPECT_EQ(all.items, 4);
  EXPECT_EQ(all.correct_items, 2);
  EXPECT_EQ(all.of(Status::kUnreadable), 2);
  EXPECT_EQ(all.chance, 0.25);
  EXPECT_EQ(result.items[0].prediction, "1");
  EXPECT_EQ(result.items[2].prediction, "");
}

TEST(ScoreOptions, WantsTheRightTextStrictlyAhead) {
  const Benchmark benchmark = TwoPairs();
  const Texts texts = OptionTexts(benchmark, {"", false});
  ASSERT_EQ(texts.unique, (std::vector<std::string>{"x", "y"}));
  // Picture 2 lies between the texts: a tie.
  const Result result =
      ScoreOptions(benchmark, Rows(2, {1, 0, 1, 1, 1, 0, 0, 1}), texts,
                   Rows(2, {1, 0, 0, 1}), {1, 0});
  const Tally all = CountAll(benchmark, result);
  EXPECT_EQ(all.correct_items, 3);
  EXPECT_EQ(all.of(Status::kTie), 1);
  EXPECT_EQ(all.correct_pairs, 1);
  EXPECT_EQ(result.items[1].prediction, "");
  EXPECT_EQ(result.items[3].prediction, "(b)");
  EXPECT_NEAR(result.items[3].score, 1, 1e-6);
}

TEST(OptionTexts, PutsTheQuestionBefore) {
  Benchmark benchmark = TwoPairs();
  benchmark.items.resize(1);
  benchmark.items[0].question = "Which?";
  EXPECT_EQ(OptionTexts(benchmark, {"p ", true}).unique,
            (std::vector<std::string>{"p Which? x", "p Which? y"}));
}

}  // namespace
}  // namespace eyechart::multiple_choice
