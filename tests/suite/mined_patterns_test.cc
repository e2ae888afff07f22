#include "suite/mined_patterns.h"

#include <gtest/gtest.h>

namespace eyechart::suite {
namespace {

TEST(MinedPatternsTest, CountsPairsOfOneQuestion) {
  multiple_choice::Benchmark benchmark;
  benchmark.patterns = {"color", "state", "text"};
  std::vector<data::StoreItem> items;
  for (const char* pattern : {"color", "color", "state"})
    for (const char* side : {"a", "b"}) {
      const std::string id = std::to_string(items.size()) + side;
      items.push_back({id, id, "", "ok", "", ""});
      multiple_choice::Question item;
      item.picture = benchmark.pictures.size();
      item.pattern = pattern;
      benchmark.pictures.push_back({id, id});
      benchmark.items.push_back(item);
    }
  benchmark.pairs = {{0, 1}, {2, 3}, {4, 5}};
  // The second pair either way round, and two pictures of different pairs.
  const std::vector<mining::BlindPair> blind = {
      {3, 2, 0.99, 0.1}, {0, 2, 0.98, 0.1}, {4, 5, 0.97, 0.2}};
  const MinedPatterns mined = CountMined(benchmark, blind, items);
  ASSERT_EQ(mined.patterns.size(), 2u);
  EXPECT_EQ(mined.patterns[0].pattern, "color");
  EXPECT_EQ(mined.patterns[0].pairs, 2);
  EXPECT_EQ(mined.patterns[0].mined, 1);
  EXPECT_EQ(mined.patterns[1].mined, 1);
  EXPECT_EQ(mined.mined, 2);
}

}  // namespace
}  // namespace eyechart::suite
