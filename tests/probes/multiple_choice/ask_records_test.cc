#include "probes/multiple_choice/ask_records.h"

#include <gtest/gtest.h>

#include <map>

namespace eyechart::multiple_choice {
namespace {

// Two pairs of pattern "x", one of "y"; the first pair is right.
Benchmark ThreePairs() {
  Benchmark benchmark;
  benchmark.kind = "mmvp-vlm";
  benchmark.patterns = {"x", "y"};
  for (std::size_t i = 0; i < 6; ++i) {
    Question item;
    item.id = std::to_string(i);
    item.pattern = i < 4 ? "x" : "y";
    item.statement = "s";
    benchmark.items.push_back(item);
  }
  benchmark.pairs = {{0, 1}, {2, 3}, {4, 5}};
  return benchmark;
}

Result FirstPairRight() {
  Result result;
  result.scoring = Scoring::kStatements;
  result.items.resize(6);
  result.items[0].correct = result.items[1].correct = true;
  result.items[2].correct = true;
  result.items[3].status = Status::kTie;
  result.pairs.resize(3);
  result.pairs[0].correct = result.pairs[0].text = true;
  result.pairs[1].diagonal = true;
  result.setting["prompt"] = "p";
  return result;
}

TEST(AskRecords, TellTheWholeAndEachPattern) {
  Record base;
  base.weights_sha256 = "w";
  const std::vector<Record> records =
      AskRecords(ThreePairs(), FirstPairRight(), base);
  std::map<std::pair<std::string, std::string>, Record> by_name;
  for (const Record& record : records) {
    EXPECT_EQ(record.weights_sha256, "w");
    EXPECT_EQ(record.setting.at("prompt"), "p");
    const auto pattern = record.setting.find("pattern");
    by_name[{pattern == record.setting.end() ? "" : pattern->second,
             record.metric}] = record;
  }
  EXPECT_EQ(by_name.size(), records.size());
  const Record& pairs = by_name[{"", "pair_accuracy"}];
  EXPECT_EQ(*pairs.value, 1.0 / 3);
  EXPECT_EQ(pairs.n, 3);
  EXPECT_EQ(pairs.ci->method, "wilson");
  EXPECT_LT(pairs.ci->low, 1.0 / 3);
  EXPECT_EQ(*(by_name[{"", "item_accuracy"}].value), 0.5);
  EXPECT_EQ(*(by_name[{"", "text_score"}].value), 1.0 / 3);
  EXPECT_EQ(*(by_name[{"", "group_score"}].value), 0);
  EXPECT_EQ(*(by_name[{"", "diagonal_accuracy"}].value), 1.0 / 3);
  EXPECT_EQ(*(by_name[{"", "undecided"}].value), 1);
  EXPECT_EQ(*(by_name[{"x", "pair_accuracy"}].value), 0.5);
  EXPECT_EQ(*(by_name[{"y", "pair_accuracy"}].value), 0);
  EXPECT_EQ((by_name[{"y", "item_accuracy"}].n), 2);
}

TEST(AskRecords, TellCosinesWhereNothingWasAsked) {
  Result result;
  result.has_cosines = true;
  result.pairs.resize(3);
  for (PairOutcome& pair : result.pairs) pair.cosine = pair.rank = 0.5;
  const std::vector<Record> records = AskRecords(ThreePairs(), result, {});
  ASSERT_EQ(records.size(), 2u);
  EXPECT_EQ(records[0].metric, "pair_cosine");
  EXPECT_EQ(*records[0].value, 0.5);
  EXPECT_EQ(records[0].ci->high, 0.5);
  EXPECT_EQ(records[0].n, 3);
}

}  // namespace
}  // namespace eyechart::multiple_choice
