// The engines' promise: every near pair once; and the verifier from threads.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <mutex>
#include <thread>

#include "mining/kernels.h"
#include "mining/pair_engine.h"
#include "mining/screen.h"
#include "mining/tile_product.h"
#include "mining/verifier.h"
#include "tests/mining/made_rows.h"

namespace eyechart::mining {
namespace {

using Made = testing::MadeRows;
using testing::CosineOf;
using testing::MakeRows;
using testing::Rows;
using Pair = std::pair<std::uint32_t, std::uint32_t>;

// How often each pair was proposed; cosines that are given must be right.
std::map<Pair, int> Propose(const Made& made,
                            const Rows& rows,
                            const EngineOptions& options) {
  std::map<Pair, int> times;
  std::mutex mutex;
  const std::unique_ptr<PairEngine> engine = PairEngine::Create(options);
  engine->Plan(made.view, Progress::None());
  engine->Search(
      made.view,
      [&](std::span<const Candidate> batch) {
        const std::lock_guard lock(mutex);
        for (const Candidate& candidate : batch) {
          EXPECT_LT(candidate.first, candidate.second);
          ++times[{candidate.first, candidate.second}];
          if (std::isnan(candidate.cosine)) continue;
          EXPECT_NEAR(double{candidate.cosine},
                      CosineOf(rows[candidate.first], rows[candidate.second]),
                      CosineError(made.view.dim()));
        }
      },
      SearchLog::None(), Progress::None());
  return times;
}

void ExpectAllNearPairsOnce(const std::map<Pair, int>& times,
                            const Rows& rows,
                            double near_min) {
  std::size_t wanted = 0;
  for (std::uint32_t i = 0; i < rows.size(); ++i) {
    for (std::uint32_t j = i + 1; j < rows.size(); ++j) {
      if (!(CosineOf(rows[i], rows[j]) > near_min)) continue;
      ++wanted;
      EXPECT_TRUE(times.contains({i, j})) << i << " " << j;
    }
  }
  EXPECT_GT(wanted, 100u);
  for (const auto& [pair, count] : times) EXPECT_EQ(count, 1);
}

TEST(Engine, EveryNearPairIsProposedOnce) {
  const Rows rows = MakeRows(400, 64, 40, 0.2f);
  const Made made(rows);
  for (const char* name : {"exact", "faiss-flat", "faiss-ivf"}) {
    EngineOptions options;
    options.name = name;
    ExpectAllNearPairsOnce(Propose(made, rows, options), rows, 0.95);
  }
}

TEST(Engine, PanelsAndTilesOfAnySizeMeetEveryPair) {
  const Rows rows = MakeRows(230, 20, 10, 0.2f);
  const Made made(rows);
  for (const std::int64_t tile : {1, 3, 64, 229, 230, 1000}) {
    for (const std::int64_t memory : {1, 20000, 1 << 20}) {
      EngineOptions options;
      options.name = "exact";
      options.tile_rows = tile;
      options.unit_rows = memory == 20000 ? 50 : 16384;
      options.memory_bytes = memory;
      ExpectAllNearPairsOnce(Propose(made, rows, options), rows, 0.95);
    }
  }
}

// The first pass in bfloat16, of rows and of the screen's bound.
TEST(Engine, Bf16LosesNoPair) {
  for (const std::int64_t screen_from : {0, 100'000}) {
    const Rows rows = MakeRows(500, 128, 60, 0.22f);
    const Made made(rows);
    EngineOptions options;
    options.precision = "bf16";
    options.screen_min_rows = screen_from;
    ExpectAllNearPairsOnce(Propose(made, rows, options), rows, 0.95);
  }
  EngineOptions options;
  options.precision = "int8";
  const Made made(MakeRows(5, 4, 5, 1));
  EXPECT_NE(
      testing::InputErrorOf([&] { Propose(made, {}, options); }).find("int8"),
      std::string::npos);
}

// Products whose terms all have one sign, and rows that are alike, err most.
TEST(Engine, Bf16ErrorsAreWithinTheirBound) {
  for (const std::int64_t width : {4, 100, 768}) {
    Rows rows = MakeRows(40, static_cast<std::size_t>(width), 8, 0.1f);
    for (std::size_t i = 0; i < 20; ++i)
      for (float& value : rows[i]) value = std::abs(value) + 0.3f;
    const Made made(rows);
    std::vector<float> units(rows.size() * static_cast<std::size_t>(width));
    made.view.ReadNormalised(0, made.view.count(), units.data());
    EngineOptions options;
    options.precision = "bf16";
    const TileProduct product(options, width);
    const Block block = product.Take(units.data(), 0, 40);
    std::vector<float> out(40 * 40);
    product.Multiply(block, 0, 40, block, 0, 40, out.data());
    double worst = 0;
    for (std::size_t i = 0; i < 40; ++i)
      for (std::size_t j = 0; j < 40; ++j)
        worst = std::max(worst, std::abs(double{out[i * 40 + j]} -
                                         CosineOf(rows[i], rows[j])));
    EXPECT_LE(worst, product.error());
    EXPECT_GT(worst, product.error() / 50);  // the bound is not idle
    EXPECT_LT(product.error(), 0.007);
  }
}

// What a GPU picks out is what the CPU would.
TEST(Engine, HitsOnADeviceAreThoseOfTheCpu) {
  const Rows rows = MakeRows(60, 16, 6, 0.3f);
  const Made made(rows);
  std::vector<float> units(60 * 16);
  made.view.ReadNormalised(0, 60, units.data());
  EngineOptions options;
  options.precision = "fp32";
  const TileProduct product(options, 16);
  const Block block = product.Take(units.data(), 0, 60);
  std::vector<float> out(30 * 50);
  product.Multiply(block, 20, 30, block, 5, 50, out.data());
  std::map<std::pair<std::int64_t, std::int64_t>, float> wanted;
  for (std::int64_t r = 0; r < 30; ++r)
    for (std::int64_t c = 0; c < 50; ++c)
      if (out[r * 50 + c] > 0.9f) wanted[{r, c}] = out[r * 50 + c];
  EXPECT_GT(wanted.size(), 50u);
  std::map<std::pair<std::int64_t, std::int64_t>, float> found;
  for (const TileHit& hit : product.Above(block, 20, 30, block, 5, 50, 0.9f))
    found[{hit.row, hit.column}] = hit.product;
  EXPECT_EQ(found, wanted);
}

TEST(Engine, AnAbsentDeviceIsNamed) {
  const Made made(MakeRows(5, 4, 5, 1));
  EngineOptions options;
  options.device = "cuda:99";
  EXPECT_NE(
      testing::InputErrorOf([&] { Propose(made, {}, options); }).find("cuda"),
      std::string::npos);
}

TEST(Engine, TheScreenLosesNoPair) {
  for (const double near_min : {0.95, 0.8, 0.5}) {
    for (const float spread : {0.05f, 0.22f}) {
      const Rows rows = MakeRows(600, 128, 60, spread);
      const Made made(rows);
      EngineOptions options;
      options.near_min = near_min;
      options.screen_min_rows = 0;
      ExpectAllNearPairsOnce(Propose(made, rows, options), rows, near_min);
    }
  }
}

TEST(Engine, TheScreenIsAnUpperBound) {
  const Rows rows = MakeRows(600, 96, 300, 0.3f);
  const Made made(rows);
  const std::optional<Screen> screen = Screen::Plan(made.view, 0.95);
  ASSERT_TRUE(screen.has_value());
  EXPECT_LT(screen->width(), 96);
  const std::int64_t width = screen->width();
  std::vector<float> loaded(rows.size() * static_cast<std::size_t>(width));
  screen->Load(made.view, 0, made.view.count(), loaded.data());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const float* a = loaded.data() + static_cast<std::int64_t>(i) * width;
    EXPECT_NEAR(DotExact(a, a, width), 1, 1e-6);
    for (std::size_t j = 0; j < i; ++j) {
      const float* b = loaded.data() + static_cast<std::int64_t>(j) * width;
      const double cosine = CosineOf(rows[i], rows[j]);
      // A pair just above its own cosine as the threshold must pass.
      EXPECT_GT(double{DotFast(a, b, width)}, screen->Threshold(cosine));
    }
  }
}

TEST(Engine, NoScreenWhereMostPairsWouldPass) {
  const Rows rows = MakeRows(300, 96, 1, 0.1f);
  EXPECT_FALSE(Screen::Plan(Made(rows).view, 0.95).has_value());
  EXPECT_FALSE(Screen::Plan(Made(rows).view, -1).has_value());
  EXPECT_FALSE(
      Screen::Plan(Made(MakeRows(1, 96, 1, 1)).view, 0.95).has_value());
}

TEST(Verifier, ManyThreadsFindWhatOneFinds) {
  const Made near(MakeRows(200, 24, 5, 0.25f));
  const Made far(MakeRows(200, 24, 9, 0.4f));
  std::vector<Candidate> all;
  for (std::uint32_t i = 0; i < 200; ++i)
    for (std::uint32_t j = i + 1; j < 200; ++j) all.push_back({i, j});
  Verifier one(near.view, far.view, VerifyOptions::Of(0.95, 0.9));
  one.Add(all);
  Verifier many(near.view, far.view, VerifyOptions::Of(0.95, 0.9));
  std::vector<std::thread> threads;
  constexpr std::size_t kThreads = 4;
  for (std::size_t t = 0; t < kThreads; ++t)
    threads.emplace_back([&, t] {
      for (std::size_t at = t; at < all.size(); at += kThreads)
        many.Add({&all[at], 1});
    });
  for (std::thread& thread : threads) thread.join();
  const Findings wanted = one.Take();
  const Findings found = many.Take();
  EXPECT_GT(wanted.near_pairs, 1000);
  EXPECT_EQ(found.near_pairs, wanted.near_pairs);
  EXPECT_EQ(found.near_counts, wanted.near_counts);
  EXPECT_EQ(found.blind_counts, wanted.blind_counts);
  EXPECT_EQ(found.grid, wanted.grid);
  EXPECT_GT(wanted.blind.size(), 100u);
  EXPECT_EQ(found.blind.size(), wanted.blind.size());
  EXPECT_EQ(many.Take().near_pairs, 0);
}

}  // namespace
}  // namespace eyechart::mining
