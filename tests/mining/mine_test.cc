#include "mining/mine.h"

#include <gtest/gtest.h>

#include <csignal>
#include <limits>
#include <tuple>

#include "core/error.h"
#include "tests/mining/mining_fixture.h"

namespace eyechart::mining {
namespace {

using testing::CosineOf;
using testing::MakeItems;
using testing::MakeRows;
using testing::MakeStore;
using testing::Rows;
using testing::TempFolder;

MiningResult MineRows(const Rows& near,
                      const Rows& far,
                      const MineOptions& options) {
  const TempFolder folder;
  const auto items = MakeItems(near.size());
  return Mine(MakeStore(folder / "near", near, items),
              MakeStore(folder / "far", far, items, 7), options,
              Progress::None());
}

// What brute force in double finds; rows are in the order of their ids.
struct Reference {
  std::int64_t near_pairs = 0;
  std::vector<BlindPair> pairs;
};

Reference BruteForce(const Rows& near,
                     const Rows& far,
                     double near_min,
                     double far_max) {
  Reference found;
  for (std::size_t i = 0; i < near.size(); ++i) {
    for (std::size_t j = i + 1; j < near.size(); ++j) {
      const double near_cosine = CosineOf(near[i], near[j]);
      if (!(near_cosine > near_min)) continue;
      ++found.near_pairs;
      const double far_cosine = CosineOf(far[i], far[j]);
      if (far_cosine < far_max)
        found.pairs.push_back({static_cast<std::int64_t>(i),
                               static_cast<std::int64_t>(j), near_cosine,
                               far_cosine});
    }
  }
  std::sort(found.pairs.begin(), found.pairs.end(),
            [](const BlindPair& x, const BlindPair& y) {
              return std::tuple(-x.gap(), x.row_a, x.row_b) <
                     std::tuple(-y.gap(), y.row_a, y.row_b);
            });
  return found;
}

void ExpectSameBits(const MiningResult& a, const MiningResult& b) {
  EXPECT_EQ(a.near_pairs, b.near_pairs);
  EXPECT_EQ(a.blind_pairs, b.blind_pairs);
  ASSERT_EQ(a.pairs.size(), b.pairs.size());
  for (std::size_t i = 0; i < a.pairs.size(); ++i) {
    EXPECT_EQ(a.pairs[i].row_a, b.pairs[i].row_a);
    EXPECT_EQ(a.pairs[i].row_b, b.pairs[i].row_b);
    EXPECT_EQ(a.pairs[i].near_cosine, b.pairs[i].near_cosine);
    EXPECT_EQ(a.pairs[i].far_cosine, b.pairs[i].far_cosine);
  }
}

class EveryEngine : public ::testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Mine,
                         EveryEngine,
                         ::testing::Values("exact", "faiss-flat", "faiss-ivf"),
                         [](const auto& engine) {
                           std::string name = engine.param;
                           std::erase(name, '-');
                           return name;
                         });

// What an engine says of its recall when it found every pair.
void ExpectFullRecall(const MiningResult& found) {
  if (found.engine == "faiss-ivf" && !found.recall) return;
  EXPECT_EQ(found.recall, 1.0);
}

// Cosines a hair on either side of the near threshold, in directions that no
// other row has, and copies: what rounding could decide wrongly.
TEST_P(EveryEngine, PlantedCosinesFallOnTheRightSide) {
  Rows near;
  Rows far;
  constexpr std::size_t kDim = 64;
  std::normal_distribution<double> normal;
  for (int k = 0; k < 60; ++k) {
    std::vector<double> a(kDim);
    std::vector<double> b(kDim);
    for (std::size_t d = 0; d < kDim; ++d) {
      a[d] = normal(testing::Rng());
      b[d] = normal(testing::Rng());
    }
    const auto scale = [](std::vector<double>& v) {
      double length = 0;
      for (const double x : v) length += x * x;
      for (double& x : v) x /= std::sqrt(length);
    };
    scale(a);
    double dot = 0;
    for (std::size_t d = 0; d < kDim; ++d) dot += a[d] * b[d];
    for (std::size_t d = 0; d < kDim; ++d) b[d] -= dot * a[d];
    scale(b);
    const double cosine = 0.95 + (k % 2 == 0 ? 1e-6 : -1e-6);
    const double rest = std::sqrt(1 - cosine * cosine);
    near.emplace_back(a.begin(), a.end());
    near.emplace_back();
    for (std::size_t d = 0; d < kDim; ++d)
      near.back().push_back(static_cast<float>(cosine * a[d] + rest * b[d]));
    for (int i = 0; i < 2; ++i) far.push_back({1, i == 0 ? 2.f : -2.f, 0});
  }
  near.push_back(near[0]);
  far.push_back(far[1]);
  MineOptions options;
  options.engine = GetParam();
  options.recall = 0.9999;
  const MiningResult found = MineRows(near, far, options);
  const Reference wanted = BruteForce(near, far, 0.95, 0.6);
  // 30 planted, the copy with its original and with that one's partner.
  EXPECT_EQ(wanted.near_pairs, 32);
  EXPECT_EQ(found.near_pairs, wanted.near_pairs);
  EXPECT_EQ(found.blind_pairs, static_cast<std::int64_t>(wanted.pairs.size()));
}

TEST_P(EveryEngine, FindsWhatBruteForceFinds) {
  struct Case {
    std::size_t count, dim, clusters;
    float spread;
    double near_min, far_max;
  };
  for (const Case& c :
       {Case{60, 16, 60, 1, 0.3, 0.1}, Case{150, 33, 4, 0.2f, 0.95, 0.97},
        Case{97, 7, 1, 0.3f, 0.9, 0.99},
        Case{300, 768, 10, 0.15f, 0.97, 0.6}}) {
    const Rows near = MakeRows(c.count, c.dim, c.clusters, c.spread);
    const Rows far = MakeRows(c.count, c.dim + 3, c.clusters * 2, c.spread);
    MineOptions options;
    options.engine = GetParam();
    options.recall = 0.9999;
    options.near_min = c.near_min;
    options.far_max = c.far_max;
    const MiningResult found = MineRows(near, far, options);
    const Reference wanted = BruteForce(near, far, c.near_min, c.far_max);
    EXPECT_GT(wanted.pairs.size(), 10u);
    EXPECT_EQ(found.near_pairs, wanted.near_pairs);
    ASSERT_EQ(found.pairs.size(), wanted.pairs.size());
    for (std::size_t i = 0; i < wanted.pairs.size(); ++i) {
      EXPECT_EQ(found.pairs[i].row_a, wanted.pairs[i].row_a);
      EXPECT_EQ(found.pairs[i].row_b, wanted.pairs[i].row_b);
      EXPECT_NEAR(found.pairs[i].near_cosine, wanted.pairs[i].near_cosine,
                  1e-14);
      EXPECT_NEAR(found.pairs[i].far_cosine, wanted.pairs[i].far_cosine, 1e-14);
    }
    EXPECT_EQ(found.engine, GetParam());
    ExpectFullRecall(found);
    EXPECT_EQ(found.candidate_pairs, c.count * (c.count - 1) / 2);
  }
}

TEST_P(EveryEngine, ThresholdsAtTheEnds) {
  const Rows near = MakeRows(40, 8, 5, 0.5f);
  const Rows far = MakeRows(40, 8, 7, 0.5f);
  MineOptions options;
  options.engine = GetParam();
  options.near_min = -1;
  options.far_max = 1;
  EXPECT_EQ(MineRows(near, far, options).blind_pairs, 40 * 39 / 2);
  options.near_min = 1;  // nothing lies above it, copies included
  EXPECT_EQ(MineRows(Rows(9, near[0]), Rows(9, far[0]), options).near_pairs, 0);
  options.near_min = -1;
  options.far_max = -1;
  const MiningResult none = MineRows(near, far, options);
  EXPECT_EQ(none.near_pairs, 40 * 39 / 2);
  EXPECT_EQ(none.blind_pairs, 0);
}

TEST_P(EveryEngine, NoneOneTwoPictures) {
  MineOptions options;
  options.engine = GetParam();
  for (const std::size_t n : {0u, 1u, 2u}) {
    const Rows near(n, {1, 2, 3, 4});
    Rows far(n, {1, 0, 0, 0});
    if (n == 2) far[1] = {0, 1, 0, 0};
    const MiningResult found = MineRows(near, far, options);
    EXPECT_EQ(found.images, n);
    EXPECT_EQ(found.candidate_pairs, n == 2 ? 1 : 0);
    EXPECT_EQ(found.blind_pairs, n == 2 ? 1 : 0);
    EXPECT_EQ(found.blind_share_ci.has_value(), n == 2);
  }
}

TEST_P(EveryEngine, UnreadableAndDirectionlessRowsAreInNoPair) {
  const TempFolder folder;
  const Rows near(8, {3, 4, 0, 1});
  Rows far;
  for (int i = 0; i < 8; ++i) {
    far.push_back({0, 0, 0, 0.5f});
    far.back()[i % 3] = 1;
  }
  Rows near_bad = near;
  near_bad[5] = {0, 0, 0, 0};
  near_bad[6][2] = std::numeric_limits<float>::quiet_NaN();
  far[7][1] = std::numeric_limits<float>::infinity();
  auto near_items = MakeItems(8);
  auto far_items = near_items;
  near_items[1].status = "truncated";
  far_items[2].status = "truncated";
  MineOptions options;
  options.engine = GetParam();
  const MiningResult found = Mine(
      MakeStore(folder / "near", near_bad, near_items),
      MakeStore(folder / "far", far, far_items), options, Progress::None());
  EXPECT_EQ(found.images, 8);
  EXPECT_EQ(found.unreadable, 2);
  EXPECT_EQ(found.candidate_pairs, 15);
  // Rows 0, 3 and 4 are left; 0 and 3 are one direction in the far space too.
  EXPECT_EQ(found.near_pairs, 3);
  EXPECT_EQ(found.blind_pairs, 2);
  ASSERT_GE(found.warnings.size(), 3u);
  EXPECT_NE(found.warnings[1].find("2 pictures"), std::string::npos);
  EXPECT_NE(found.warnings[1].find("p00006"), std::string::npos);
  EXPECT_NE(found.warnings[2].find("p00005"), std::string::npos);
  EXPECT_EQ(found.not_finite, 2);
  EXPECT_EQ(found.zero, 1);
}

TEST_P(EveryEngine, LengthsDoNotMatter) {
  Rows near = MakeRows(50, 24, 4, 0.2f);
  const Rows far = MakeRows(50, 24, 50, 1);
  MineOptions options;
  options.engine = GetParam();
  const MiningResult plain = MineRows(near, far, options);
  Rows far_scaled = far;
  for (std::size_t i = 0; i < near.size(); ++i) {
    // Powers of two scale exactly; some lie where float32 products overflow
    // or vanish.
    const float scale = std::ldexp(1.0f, (static_cast<int>(i) % 9 - 4) * 24);
    for (float& value : near[i]) value *= scale;
    for (float& value : far_scaled[i]) value *= scale;
  }
  EXPECT_GT(plain.blind_pairs, 10);
  ExpectSameBits(plain, MineRows(near, far_scaled, options));
}

TEST(Mine, EnginesAndMemorySizesAgreeToTheBit) {
  const Rows near = MakeRows(700, 40, 6, 0.25f);
  const Rows far = MakeRows(700, 24, 9, 0.4f);
  MineOptions options;
  options.far_max = 0.9;
  const MiningResult reference = MineRows(near, far, options);
  EXPECT_GT(reference.blind_pairs, 1000);
  options.memory_bytes = 1 << 20;
  ExpectSameBits(reference, MineRows(near, far, options));
  options.engine = "faiss-flat";
  ExpectSameBits(reference, MineRows(near, far, options));
}

TEST(Mine, AFarStoreInAnotherOrderIsJoinedById) {
  const TempFolder folder;
  const Rows near = MakeRows(80, 12, 4, 0.2f);
  const Rows far = MakeRows(80, 12, 6, 0.4f);
  const auto items = MakeItems(80);
  const auto store = MakeStore(folder / "near", near, items);
  MineOptions options;
  options.far_max = 0.9;
  const MiningResult straight = Mine(
      store, MakeStore(folder / "far", far, items), options, Progress::None());
  Rows turned = far;
  auto turned_items = items;
  std::reverse(turned.begin(), turned.end());
  std::reverse(turned_items.begin(), turned_items.end());
  EXPECT_GT(straight.blind_pairs, 10);
  ExpectSameBits(straight,
                 Mine(store, MakeStore(folder / "turned", turned, turned_items),
                      options, Progress::None()));
}

TEST(Mine, PairsAreInIdOrderAndTiesAreSorted) {
  const TempFolder folder;
  // One direction near, orthogonal far: all gaps are equal.
  const Rows near(3, {1, 0, 0, 0});
  const Rows far = {{1, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 1, 0}};
  auto items = MakeItems(3);
  items[0].id = "c";
  items[1].id = "B";
  items[2].id = "a";
  const MiningResult found = Mine(MakeStore(folder / "near", near, items),
                                  MakeStore(folder / "far", far, items),
                                  MineOptions(), Progress::None());
  ASSERT_EQ(found.pairs.size(), 3u);
  const auto ids = [&](std::size_t i) {
    return items[found.pairs[i].row_a].id + items[found.pairs[i].row_b].id;
  };
  EXPECT_EQ(ids(0), "Ba");  // capitals come first in byte order
  EXPECT_EQ(ids(1), "Bc");
  EXPECT_EQ(ids(2), "ac");
}

TEST(Mine, DedupeKeepsOneOfEachCopy) {
  const TempFolder folder;
  Rows near(6, {1, 1, 0, 0});
  Rows far = {{1, 0, 0, 0}, {1, 0, 0, 0}, {0, 1, 0, 0},
              {0, 1, 0, 0}, {1, 0, 0, 0}, {0, 0, 1, 0}};
  near[3][0] = 1.0001f;       // near only by cosine, and another file: no copy
  near[4][0] = 1 + 0x1p-23f;  // a rounding, and the same file: a copy
  auto items = MakeItems(6);
  for (std::size_t i = 0; i < items.size(); ++i)
    items[i].sha256 = std::string(64, "001203"[i]);
  const auto near_store = MakeStore(folder / "near", near, items);
  const auto far_store = MakeStore(folder / "far", far, items);
  MineOptions options;
  const MiningResult all =
      Mine(near_store, far_store, options, Progress::None());
  EXPECT_EQ(all.candidate_pairs, 15);
  EXPECT_EQ(all.duplicates_dropped, 0);
  EXPECT_EQ(all.near_pairs, 15);
  options.dedupe = true;
  const MiningResult one =
      Mine(near_store, far_store, options, Progress::None());
  EXPECT_EQ(one.duplicates_dropped, 2);  // rows 1 and 4, copies of row 0
  EXPECT_EQ(one.candidate_pairs, 6);
  EXPECT_EQ(one.near_pairs, 6);
  EXPECT_EQ(one.blind_pairs, 5);  // but for 2 and 3, one direction
  for (const BlindPair& pair : one.pairs) {
    EXPECT_NE(pair.row_a, 1);
    EXPECT_NE(pair.row_b, 4);
  }
}

TEST(Mine, TheIntervalHoldsTheShare) {
  const Rows near = MakeRows(60, 12, 3, 0.2f);
  const Rows far = MakeRows(60, 12, 6, 0.4f);
  MineOptions options;
  options.far_max = 0.8;
  const MiningResult found = MineRows(near, far, options);
  ASSERT_TRUE(found.blind_share_ci.has_value());
  const double share = static_cast<double>(found.blind_pairs) /
                       static_cast<double>(found.near_pairs);
  EXPECT_GT(share, 0);
  EXPECT_LT(found.blind_share_ci->low, share);
  EXPECT_GT(found.blind_share_ci->high, share);
}

TEST(Mine, StoresThatDoNotFitAreRefused) {
  const TempFolder folder;
  const Rows rows = MakeRows(4, 6, 2, 1);
  auto items = MakeItems(4);
  items[2].sha256 = std::string(64, '1');
  const auto near = MakeStore(folder / "near", rows, items);
  const auto mine = [&](const data::FeatureStore& far) {
    return testing::InputErrorOf(
        [&] { Mine(near, far, MineOptions(), Progress::None()); });
  };
  auto other = items;
  other[2].sha256 = std::string(64, '2');
  std::string error = mine(MakeStore(folder / "other", rows, other));
  EXPECT_NE(error.find("p00002"), std::string::npos) << error;
  other = items;
  other[3].id = "stranger";
  error = mine(MakeStore(folder / "ids", rows, other));
  EXPECT_NE(error.find("p00003"), std::string::npos) << error;
  EXPECT_NE(error.find((folder / "ids").string()), std::string::npos) << error;
  EXPECT_NE(error.find((folder / "near").string()), std::string::npos) << error;
  Rows more = rows;
  more.push_back(rows[0]);
  error = mine(MakeStore(folder / "more", more, MakeItems(5)));
  EXPECT_NE(error.find("p00004"), std::string::npos) << error;
}

// Broken off by a signal, then gone on with: the same bits, less work.
TEST_P(EveryEngine, ABrokenOffSearchIsGoneOnWith) {
  const TempFolder folder;
  const auto items = MakeItems(700);
  const auto near =
      MakeStore(folder / "near", MakeRows(700, 40, 6, 0.25f), items);
  const auto far = MakeStore(folder / "far", MakeRows(700, 24, 9, 0.4f), items);
  MineOptions options;
  options.engine = GetParam();
  options.far_max = 0.9;
  options.surface_near = {0.9, 0.95};
  options.surface_far = {0.5, 0.9};
  options.copies_min = 0.99;
  const MiningResult whole = Mine(near, far, options, Progress::None());
  EXPECT_GT(whole.blind_pairs, 1000);

  // Ends the search at the given update, as a signal would.
  struct Stop : Progress {
    explicit Stop(int at) : left(at) {}
    void Update(std::int64_t) override {
      if (--left == 0) throw Interrupted(SIGTERM);
    }
    void Note(const std::string& text) override {
      resumed = resumed || text.starts_with("goes on");
    }
    int left;
    bool resumed = false;
  };
  options.journal = folder / "journal";
  bool resumed = false;
  for (int at = 1; at < 30; ++at) {
    Stop stop(at);
    MineOptions units = options;
    units.unit_rows = 128;
    try {
      ExpectSameBits(Mine(near, far, units, stop), whole);
    } catch (const Interrupted&) {
    }
    resumed = resumed || stop.resumed;
  }
  EXPECT_TRUE(resumed);
  options.unit_rows = 128;
  Stop stop(100'000);
  const MiningResult again = Mine(near, far, options, stop);
  EXPECT_TRUE(stop.resumed);
  ExpectSameBits(again, whole);
  EXPECT_EQ(again.surface->near, whole.surface->near);
  EXPECT_EQ(again.surface->blind, whole.surface->blind);
  EXPECT_EQ(again.histogram.counts, whole.histogram.counts);
  EXPECT_EQ(again.blind_share_ci->low, whole.blind_share_ci->low);
}

TEST(Mine, AStoreThatChangesMeanwhileIsNoticed) {
  const Rows rows = MakeRows(40, 8, 5, 0.5f);
  const auto items = MakeItems(40);
  for (const char* file : {"far/manifest.json", "near/items.csv",
                           "near/shard-00003.safetensors"}) {
    const TempFolder folder;
    const auto near = MakeStore(folder / "near", rows, items);
    const auto far = MakeStore(folder / "far", rows, items);
    struct Change : Progress {
      explicit Change(std::filesystem::path changed) : path(changed) {}
      void Begin(const std::string&, std::int64_t) override {
        testing::WriteText(path.string() + ".new", ReadFile(path));
        std::filesystem::rename(path.string() + ".new", path);
      }
      std::filesystem::path path;
    } change(folder / file);
    const std::string error =
        testing::InputErrorOf([&] { Mine(near, far, MineOptions(), change); });
    EXPECT_NE(error.find((folder / file).string()), std::string::npos) << error;
    EXPECT_NE(error.find("changed while"), std::string::npos) << error;
  }
}

TEST(Mine, QuantilesBecomeThresholds) {
  const Rows near = MakeRows(60, 12, 3, 0.5f);
  const Rows far = MakeRows(60, 12, 6, 0.4f);
  MineOptions options;
  options.near_quantile = 0.9;
  options.far_quantile = 0.5;
  const MiningResult found = MineRows(near, far, options);
  // All 1,770 pairs are in the sample: a tenth is near, up to the rounding of
  // the threshold.
  EXPECT_NEAR(static_cast<double>(found.near_pairs), 177, 2);
  EXPECT_EQ(found.near_min, std::round(found.near_min * 1e5) / 1e5);
  const Reference wanted = BruteForce(near, far, found.near_min, found.far_max);
  EXPECT_EQ(found.near_pairs, wanted.near_pairs);
  EXPECT_EQ(found.blind_pairs, static_cast<std::int64_t>(wanted.pairs.size()));
}

TEST(Mine, ThresholdsThatOverlapAreAllowedWithAWarning) {
  const Rows near = MakeRows(60, 12, 3, 0.5f);
  MineOptions options;
  options.near_min = 0.5;
  options.far_max = 0.7;
  const MiningResult found = MineRows(near, near, options);
  ASSERT_EQ(found.warnings.size(), 1u);
  EXPECT_NE(found.warnings[0].find("far-max 0.7 is above near-min 0.5"),
            std::string::npos);
  EXPECT_GT(found.blind_pairs, 0);
}

TEST(Mine, BadOptionsAreRefused) {
  const Rows rows = MakeRows(4, 6, 2, 1);
  const auto mine = [&](const MineOptions& options) {
    return testing::InputErrorOf([&] { MineRows(rows, rows, options); });
  };
  MineOptions options;
  options.near_min = 2;
  EXPECT_NE(mine(options).find("--near-min 2"), std::string::npos);
  options = MineOptions();
  options.far_max = std::numeric_limits<double>::quiet_NaN();
  EXPECT_NE(mine(options).find("--far-max"), std::string::npos);
  options = MineOptions();
  options.engine = "faiss-ivf";
  options.recall = 1;
  EXPECT_NE(mine(options).find("take --engine exact"), std::string::npos);
  options.recall = 0;
  EXPECT_NE(mine(options).find("--recall 0"), std::string::npos);
  options = MineOptions();
  options.surface_far = {0.3};
  EXPECT_NE(mine(options).find("both spaces"), std::string::npos);
  for (const auto& [field, flag] :
       {std::pair{&MineOptions::precision, "--precision int4"},
        {&MineOptions::quantizer, "--quantizer int4"}}) {
    options = MineOptions();
    options.*field = "int4";
    EXPECT_NE(mine(options).find(flag), std::string::npos);
  }
  options = MineOptions();
  options.near_quantile = 1.5;
  EXPECT_NE(mine(options).find("--near-quantile 1.5"), std::string::npos);
  options = MineOptions();
  options.engine = "exakt";
  EXPECT_NE(mine(options).find("did you mean \"exact\""), std::string::npos);
}

}  // namespace
}  // namespace eyechart::mining
