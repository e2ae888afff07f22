// On a model whose next token depends on the last one alone, so that sums can
// be worked out by hand; tests/oracle/ compares with the reference.
#include "encoders/token_search.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/fixture.h"

namespace eyechart::encoders {
namespace {

using eyechart::testing::InputErrorOf;

using Ids = std::vector<std::int64_t>;

// Probabilities of the next token by the last; tokens 0 to 4, 4 the end.
class Chain : public TokenScorer {
 public:
  explicit Chain(std::vector<std::vector<double>> next)
      : next_(std::move(next)) {}

  at::Tensor Next(const at::Tensor& tokens) override {
    ++steps;
    at::Tensor logits =
        at::empty({tokens.size(0), static_cast<std::int64_t>(next_.size())});
    for (std::int64_t r = 0; r < tokens.size(0); ++r)
      for (std::size_t t = 0; t < next_.size(); ++t)
        logits[r][static_cast<std::int64_t>(t)] = std::log(
            next_[static_cast<std::size_t>(tokens[r].item<std::int64_t>())][t]);
    return logits;
  }
  void Reorder(const at::Tensor& rows) override { reordered.push_back(rows); }

  int steps = 0;
  std::vector<at::Tensor> reordered;

 private:
  std::vector<std::vector<double>> next_;
};

GenerationOptions Options(std::int64_t beams) {
  GenerationOptions options;
  options.num_beams = beams;
  options.max_new_tokens = 6;
  options.decoder_start_token_id = 0;
  options.eos_token_ids = {4};
  options.pad_token_id = 3;
  return options;
}

// 0 -> 1 looks best, but 2 -> end is certain and 1 leads nowhere.
Chain Trap() {
  return Chain({{1e-9, 0.6, 0.4, 1e-9, 1e-9},
                {1e-9, 0.3, 0.3, 0.2, 0.2},
                {1e-9, 1e-9, 1e-9, 1e-9, 1.0},
                {1e-9, 0.25, 0.25, 0.25, 0.25},
                {0.2, 0.2, 0.2, 0.2, 0.2}});
}

TEST(TokenSearchTest, GreedyTakesTheNextBest) {
  Chain chain({{0.1, 0.6, 0.1, 0.1, 0.1},
               {0.1, 0.1, 0.6, 0.1, 0.1},
               {0.1, 0.1, 0.1, 0.1, 0.6},
               {0.2, 0.2, 0.2, 0.2, 0.2},
               {0.2, 0.2, 0.2, 0.2, 0.2}});
  const auto written = SearchTokens(chain, 2, Options(1));
  ASSERT_EQ(written.size(), 2u);
  for (const WrittenTokens& one : written) EXPECT_EQ(one.ids, (Ids{1, 2, 4}));
  EXPECT_EQ(chain.steps, 3);
}

TEST(TokenSearchTest, BeamsSeePastTheNextToken) {
  Chain greedy = Trap();
  EXPECT_EQ(SearchTokens(greedy, 1, Options(1)).front().ids.front(), 1);
  Chain beams = Trap();
  GenerationOptions options = Options(2);
  options.length_penalty = 0;
  const WrittenTokens best = SearchTokens(beams, 1, options).front();
  EXPECT_EQ(best.ids, (Ids{2, 4}));
  EXPECT_NEAR(best.score, std::log(0.4), 1e-5);
}

TEST(TokenSearchTest, LengthPenaltyDividesTheSum) {
  Chain chain = Trap();
  GenerationOptions options = Options(2);
  options.length_penalty = 1;
  const WrittenTokens best = SearchTokens(chain, 1, options).front();
  EXPECT_EQ(best.ids, (Ids{2, 4}));
  EXPECT_NEAR(best.score, std::log(0.4) / 2, 1e-5);
}

TEST(TokenSearchTest, ForcesFirstAndLast) {
  Chain chain = Trap();
  GenerationOptions options = Options(1);
  options.forced_bos_token_id = 1;
  options.forced_eos_token_id = 4;
  options.no_repeat_ngram_size = 0;
  options.max_new_tokens = 3;
  const auto written = SearchTokens(chain, 1, options).front();
  EXPECT_EQ(written.ids.front(), 1);
  EXPECT_EQ(written.ids.size(), 3u);
  EXPECT_EQ(written.ids.back(), 4);
}

TEST(TokenSearchTest, NoRunComesTwice) {
  Chain chain({{0.9, 0.04, 0.03, 0.02, 0.01},
               {0.9, 0.04, 0.03, 0.02, 0.01},
               {0.9, 0.04, 0.03, 0.02, 0.01},
               {0.9, 0.04, 0.03, 0.02, 0.01},
               {0.9, 0.04, 0.03, 0.02, 0.01}});
  GenerationOptions options = Options(1);
  options.no_repeat_ngram_size = 2;
  // The start token counts: 0 0 is there once it is written.
  EXPECT_EQ(SearchTokens(chain, 1, options).front().ids,
            (Ids{0, 1, 0, 2, 0, 3}));
}

TEST(TokenSearchTest, LengthRunsOut) {
  Chain chain({{0.5, 0.2, 0.1, 0.1, 0.1},
               {0.5, 0.2, 0.1, 0.1, 0.1},
               {0.5, 0.2, 0.1, 0.1, 0.1},
               {0.5, 0.2, 0.1, 0.1, 0.1},
               {0.5, 0.2, 0.1, 0.1, 0.1}});
  EXPECT_EQ(SearchTokens(chain, 1, Options(1)).front().ids.size(), 6u);
  EXPECT_EQ(SearchTokens(chain, 1, Options(3)).front().ids.size(), 6u);
}

TEST(TokenSearchTest, MovesRowsWithTheirBeams) {
  Chain chain = Trap();
  SearchTokens(chain, 2, Options(2));
  ASSERT_FALSE(chain.reordered.empty());
  for (const at::Tensor& rows : chain.reordered) {
    ASSERT_EQ(rows.size(0), 4);
    // A prompt's beams stay among its rows.
    for (std::int64_t i = 0; i < 4; ++i)
      EXPECT_EQ(rows[i].item<std::int64_t>() / 2, i / 2);
  }
}

TEST(TokenSearchTest, RefusesUselessNumbers) {
  Chain chain = Trap();
  GenerationOptions options = Options(0);
  EXPECT_NE(InputErrorOf([&] {
              SearchTokens(chain, 1, options);
            }).find("num_beams 0"),
            std::string::npos);
}

}  // namespace
}  // namespace eyechart::encoders
