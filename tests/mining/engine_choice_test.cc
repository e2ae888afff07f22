#include "mining/engine_choice.h"

#include <gtest/gtest.h>

#include "tests/mining/made_rows.h"

namespace eyechart::mining {
namespace {

TEST(EngineChoice, FollowsFromSizeRateAndRecall) {
  const testing::MadeRows made(testing::MakeRows(2000, 8, 2000, 1));
  EngineChoiceOptions options;
  options.rate = 1e12;
  EngineChoice choice = ChooseEngine(made.view, options);
  EXPECT_EQ(choice.engine, "exact");
  // n (n - 1) / 2 products of 8 values.
  EXPECT_DOUBLE_EQ(choice.exact_seconds, 2000 * 1999 / 2 * 16 / 1e12);
  // So slow a machine that the cells pay; only where pairs may be missed.
  options.rate = 1e3;
  options.factor = 0.01;
  choice = ChooseEngine(made.view, options);
  EXPECT_EQ(choice.engine, "faiss-ivf");
  EXPECT_NE(choice.note.find("0.999 of the near pairs"), std::string::npos)
      << choice.note;
  EXPECT_NE(choice.note.find("--engine exact"), std::string::npos);
  options.recall = 1;
  EXPECT_EQ(ChooseEngine(made.view, options).engine, "exact");
  // Measured here: some rate, whatever it is.
  options.rate = 0;
  EXPECT_GT(ChooseEngine(made.view, options).exact_seconds, 0);
}

}  // namespace
}  // namespace eyechart::mining
