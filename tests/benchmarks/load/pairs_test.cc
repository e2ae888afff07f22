#include "benchmarks/load/pairs.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "benchmarks/load/cache_audit.h"
#include "core/csv.h"
#include "tests/benchmarks/load/synthetic_device.h"
#include "tests/fixture.h"

namespace eyechart::benchmarks {
namespace {

using testing::StageCost;
using testing::SyntheticDevice;
using testing::Takes;

constexpr double kMs = 1e6;

// About 10 ms, 10 % noise, and every 20th time thrice as long.
StageCost Noisy(double factor, std::uint64_t seed) {
  return [factor, random = Random(seed)](const Query&) mutable {
    double ms = 10 * factor * (0.9 + 0.2 * random.Uniform());
    if (random.Below(20) == 0) ms *= 3;
    return std::llround(ms * kMs);
  };
}

TEST(Pairs, RecoverAKnownRatioInTheirInterval) {
  int held = 0;
  constexpr int kRuns = 300;
  for (std::uint64_t seed = 0; seed < kRuns; ++seed) {
    VirtualClock clock;
    SyntheticDevice first(clock, {{"encode", Noisy(1, 2 * seed)}});
    SyntheticDevice second(clock, {{"encode", Noisy(1.1, 2 * seed + 1)}});
    PairOptions options;
    options.queries_per_turn = 5;
    options.seeds = LoadSeeds::From(seed);
    const PairResult result = RunPairs(first, second, clock, options);
    ASSERT_TRUE(result.ratio.ci.has_value());
    held += result.ratio.ci->low <= 1.1 && 1.1 <= result.ratio.ci->high;
  }
  // 20 blocks: ranks 6 and 15 hold the median in 95.9 % of samples.
  EXPECT_NEAR(held, 0.959 * kRuns, 4 * std::sqrt(0.959 * 0.041 * kRuns));
}

TEST(Pairs, OfADeviceWithItselfSayOne) {
  int held = 0;
  constexpr int kRuns = 300;
  for (std::uint64_t seed = 0; seed < kRuns; ++seed) {
    VirtualClock clock;
    SyntheticDevice device(clock, {{"encode", Noisy(1, seed)}});
    PairOptions options;
    options.seeds = LoadSeeds::From(seed);
    const PairResult result = RunPairs(device, device, clock, options);
    held += result.ratio.ci->low <= 1 && 1 <= result.ratio.ci->high;
    EXPECT_EQ(device.preparations, 1);
  }
  EXPECT_GE(held, 0.95 * kRuns - 4 * std::sqrt(0.95 * 0.05 * kRuns));
}

// A machine that slows down steadily: in the order AB each second would be
// found slower.
TEST(Pairs, CancelASteadyDrift) {
  VirtualClock clock;
  const auto drifting = [&clock](const Query&) {
    return std::llround(kMs + 0.01 * static_cast<double>(clock.NowNs()));
  };
  SyntheticDevice device(clock, {{"encode", drifting}});
  const PairResult result = RunPairs(device, device, clock);
  for (const double ratio : result.ratios) EXPECT_NEAR(ratio, 1, 3e-4);
  const auto& rows = result.first.rows;
  EXPECT_GT(static_cast<double>(rows.back().latency_ns),
            1.5 * static_cast<double>(rows.front().latency_ns));
}

TEST(Pairs, RunInBlocksWithTheSameSamples) {
  VirtualClock clock;
  SyntheticDevice first(clock, {{"encode", Takes(1000)}});
  SyntheticDevice second(clock, {{"encode", Takes(1000)}});
  PairOptions options;
  options.blocks = 40;
  options.queries_per_turn = 3;
  options.samples_per_query = 2;
  const PairResult result = RunPairs(first, second, clock, options);
  EXPECT_EQ(first.asked, second.asked);  // warm-up and turns alike
  ASSERT_EQ(result.first.rows.size(), 40u * 6);
  int first_leads = 0;
  for (std::int64_t block = 0; block < 40; ++block) {
    // Places of the first side's queries among the 12 of the block.
    std::vector<std::int64_t> places;
    for (const QueryRow& row : result.first.rows)
      if (row.pair == block) places.push_back(row.query - 12 * block);
    const std::vector<std::int64_t> abba = {0, 1, 2, 9, 10, 11};
    const std::vector<std::int64_t> baab = {3, 4, 5, 6, 7, 8};
    EXPECT_TRUE(places == abba || places == baab);
    first_leads += places == abba;
  }
  EXPECT_NEAR(first_leads, 20, 13);  // 4 sd
}

TEST(Pairs, SayWhatTheyCannot) {
  VirtualClock clock;
  SyntheticDevice device(clock, {{"encode", Takes(1000)}});
  SyntheticDevice other(clock, {{"encode", Takes(1000)}}, 7);
  PairOptions options;
  options.blocks = 5;
  const PairResult few = RunPairs(device, device, clock, options);
  EXPECT_EQ(few.ratio.value, 1);
  EXPECT_FALSE(few.ratio.ci.has_value());
  EXPECT_NE(few.ratio.reason.find("too few"), std::string::npos);
  EXPECT_NE(testing::InputErrorOf([&] {
              RunPairs(device, other, clock);
            }).find("has 7"),
            std::string::npos);
  options.blocks = 0;
  EXPECT_NE(testing::InputErrorOf([&] {
              RunPairs(device, device, clock, options);
            }).find("0 blocks"),
            std::string::npos);
}

// Samples differ by far more than what is looked for.
double Cost(std::int64_t sample) {
  return kMs * (1 + static_cast<double>(sample % 7));
}

TEST(CacheAudit, FindsNothingWhereThereIsNothing) {
  VirtualClock clock;
  Random random(2);
  SyntheticDevice device(
      clock,
      {{"encode",
        [&random](const Query& query) {
          return std::llround(Cost(query.samples[0]) *
                              (0.95 + 0.1 * random.Uniform()));
        }}},
      500);
  const AuditResult result = AuditCaches(device, clock);
  ASSERT_TRUE(result.again.ci.has_value());
  EXPECT_LE(result.again.ci->low, 1);
  EXPECT_GE(result.again.ci->high, 1);
  EXPECT_LE(result.first.ci->low, 1);
  EXPECT_GE(result.first.ci->high, 1);
  EXPECT_TRUE(result.findings.empty());
}

TEST(CacheAudit, FindsACacheOfTheLastResult) {
  VirtualClock clock;
  std::int64_t last = -1;
  SyntheticDevice device(clock,
                         {{"encode",
                           [&last](const Query& query) {
                             const bool hit = query.samples[0] == last;
                             last = query.samples[0];
                             return std::llround(Cost(last) * (hit ? 0.8 : 1));
                           }}},
                         500);
  const AuditResult result = AuditCaches(device, clock);
  EXPECT_NEAR(*result.again.value, 1 / 0.8, 1e-6);
  EXPECT_LE(result.again.ci->low, 1.25 + 1e-6);
  EXPECT_GE(result.again.ci->high, 1.25 - 1e-6);
  ASSERT_EQ(result.findings.size(), 1u);
  EXPECT_FALSE(result.findings[0].fatal);
  EXPECT_NE(result.findings[0].reason.find("directly after itself is 1.25"),
            std::string::npos);
}

TEST(CacheAudit, FindsACacheOfAllResults) {
  VirtualClock clock;
  std::vector<bool> seen(500, false);
  SyntheticDevice device(clock,
                         {{"encode",
                           [&seen](const Query& query) {
                             const auto id = query.samples[0];
                             const bool hit = seen[id];
                             seen[id] = true;
                             return std::llround(Cost(id) * (hit ? 0.1 : 1));
                           }}},
                         500);
  const AuditResult result = AuditCaches(device, clock);
  EXPECT_EQ(result.first_ratios.size(), 20u);
  EXPECT_NEAR(*result.first.value, 10, 1e-6);
  EXPECT_NEAR(*result.again.value, 1, 1e-6);
  // Against the first time both ways of asking again are as quick.
  EXPECT_NEAR(*result.again_to_first.value, 0.1, 1e-6);
  EXPECT_NEAR(*result.repeat_to_first.value, 0.1, 1e-6);
  EXPECT_TRUE(result.again_to_first.ci.has_value());
  EXPECT_EQ(result.new_blocks, 20);
  ASSERT_EQ(result.findings.size(), 1u);
  EXPECT_NE(result.findings[0].reason.find("seen before is 10.00"),
            std::string::npos);
}

// Each ratio again, from the file alone.
TEST(CacheAudit, KeepsEachQuery) {
  VirtualClock clock;
  clock.AdvanceNs(777);
  Random random(5);
  SyntheticDevice device(clock,
                         {{"encode",
                           [&random](const Query& query) {
                             return std::llround(Cost(query.samples[0]) *
                                                 (0.9 + random.Uniform()));
                           }}},
                         30);
  AuditOptions options;
  options.blocks = 4;
  options.samples_per_block = 8;
  const AuditResult result = AuditCaches(device, clock, options);
  EXPECT_EQ(result.new_blocks, 3);  // of 29 samples
  const CsvTable table = CsvTable::Parse(AuditSamplesCsv(result), "audit");
  EXPECT_EQ(table.header(),
            (std::vector<std::string>{"block", "pass", "sample", "started_ns",
                                      "latency_ns"}));
  ASSERT_EQ(table.rows(), 10u + 4 * 8 * 4);
  EXPECT_EQ(table.at(0, 0), "");
  EXPECT_EQ(table.at(0, 1), "warmup");
  EXPECT_EQ(table.at(0, 3), "0");
  std::map<std::pair<std::string, std::string>, double> sums;
  for (std::size_t row = 0; row < table.rows(); ++row)
    sums[{table.at(row, 0), table.at(row, 1)}] += std::stod(table.at(row, 4));
  for (std::size_t i = 0; i < 4; ++i) {
    const std::string block = std::to_string(i);
    EXPECT_DOUBLE_EQ(result.again_ratios[i],
                     (sums[{block, "again"}] / sums[{block, "repeat"}]));
    if (i == 3) continue;
    EXPECT_DOUBLE_EQ(result.first_ratios[i],
                     (sums[{block, "first"}] / sums[{block, "again"}]));
  }
  EXPECT_GT((sums[{"3", "seen"}]), 0);
  EXPECT_FALSE(sums.contains({"3", "first"}));
}

TEST(CacheAudit, SaysWhereSamplesAreTooFew) {
  VirtualClock clock;
  SyntheticDevice two(clock, {{"encode", Takes(1000)}}, 2);
  const AuditResult result = AuditCaches(two, clock);
  EXPECT_EQ(result.again.value, 1);
  EXPECT_FALSE(result.first.value.has_value());
  EXPECT_NE(result.first.reason.find("too few"), std::string::npos);
  EXPECT_FALSE(result.again_to_first.value.has_value());
  EXPECT_EQ(result.repeat_to_first.reason, result.first.reason);
  EXPECT_EQ(result.new_blocks, 0);
  SyntheticDevice one(clock, {{"encode", Takes(1000)}}, 1);
  EXPECT_NE(testing::InputErrorOf([&] {
              AuditCaches(one, clock);
            }).find("two samples"),
            std::string::npos);
}

}  // namespace
}  // namespace eyechart::benchmarks
