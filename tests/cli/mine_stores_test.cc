// `mine` on features made before.
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <random>

#include "core/csv.h"
#include "core/files.h"
#include "tests/cli/process.h"
#include "tests/mining/mining_fixture.h"

namespace eyechart {
namespace {

namespace fs = std::filesystem;
using testing::Eyechart;
using testing::EyechartJson;
using testing::TempFolder;

// Two stores of rows in clusters, enough of them that a search takes a while.
void WriteStores(const TempFolder& folder, std::size_t count) {
  const auto items = testing::MakeItems(count);
  testing::MakeStore(folder / "near",
                     testing::MakeRows(count, 96, count / 8, 0.25f), items,
                     5000);
  testing::MakeStore(folder / "far", testing::MakeRows(count, 16, 50, 0.7f),
                     items, 5000);
}

std::vector<std::string> MineStores(const TempFolder& folder,
                                    const std::string& out,
                                    std::vector<std::string> more = {}) {
  std::vector<std::string> arguments = {"mine",
                                        "--near-store",
                                        (folder / "near").string(),
                                        "--far-store",
                                        (folder / "far").string(),
                                        "-o",
                                        (folder / out).string(),
                                        "--threads",
                                        "1"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

// SIGKILL at twenty random moments: the same bytes. (That work is not done
// again is tested where the moment can be chosen, in mining/mine_test.cc.)
TEST(MineStoresCommand, AKilledSearchIsGoneOnWith) {
  const TempFolder folder;
  WriteStores(folder, 36'000);  // six units of an exact search
  for (const char* engine : {"exact", "faiss-ivf"}) {
    const std::string whole = std::string("whole-") + engine;
    const std::string killed = std::string("killed-") + engine;
    const auto begin = std::chrono::steady_clock::now();
    ASSERT_EQ(
        Eyechart(MineStores(folder, whole, {"--engine", engine})).exit_code, 0);
    const auto longest = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::steady_clock::now() - begin);
    std::uniform_int_distribution<long> moment(0, longest.count());
    int kills = 0;
    for (int k = 0; k < 20; ++k) {
      const auto result = testing::EyechartWithSignal(
          MineStores(folder, killed, {"--engine", engine}), SIGKILL,
          std::chrono::milliseconds(moment(testing::Rng())));
      kills += result.exit_code == 128 + SIGKILL;
    }
    EXPECT_GT(kills, 0);
    ASSERT_EQ(
        Eyechart(MineStores(folder, killed, {"--engine", engine})).exit_code,
        0);
    EXPECT_GT(ReadFile(folder / whole / "pairs.csv").size(), 10'000u);
    EXPECT_EQ(ReadFile(folder / killed / "pairs.csv"),
              ReadFile(folder / whole / "pairs.csv"))
        << engine;
    EXPECT_FALSE(fs::exists(folder / killed / "mining.partial"));
  }
}

TEST(MineStoresCommand, CountsForManyThresholdsAtOnce) {
  const TempFolder folder;
  WriteStores(folder, 500);
  const auto surface = MineStores(
      folder, "a", {"--surface-near", "0.9,0.97", "--surface-far", "0.2,0.8"});
  const Json all = EyechartJson(surface);
  EXPECT_EQ(all["surface"]["near_min"], Json({0.9, 0.95, 0.97}));
  EXPECT_EQ(all["surface"]["far_max"], Json({0.2, 0.6, 0.8}));
  EXPECT_EQ(all["surface"]["blind_pairs"][1][1], all["blind_pairs"]);
  const Json one = EyechartJson(
      MineStores(folder, "b", {"--near-min", "0.9", "--far-max", "0.8"}));
  EXPECT_GT(one["blind_pairs"], all["blind_pairs"]);
  EXPECT_EQ(all["surface"]["blind_pairs"][0][2], one["blind_pairs"]);
  EXPECT_EQ(all["surface"]["near_pairs"][0], one["near_pairs"]);
  const auto shown = Eyechart(surface);
  EXPECT_NE(shown.out.find("far < 0.8"), std::string::npos) << shown.out;
  EXPECT_NE(shown.out.find("* this run's thresholds"), std::string::npos);
}

TEST(MineStoresCommand, ZeroPairsIsAResultWithAdvice) {
  const TempFolder folder;
  WriteStores(folder, 100);
  const Json none =
      EyechartJson(MineStores(folder, "a", {"--near-min", "0.9999"}));
  EXPECT_EQ(none["near_pairs"], 0);
  EXPECT_NE(none["advice"].get<std::string>().find("lower --near-min"),
            std::string::npos);
  const Json close =
      EyechartJson(MineStores(folder, "b", {"--far-max", "-0.99"}));
  EXPECT_NE(close["advice"].get<std::string>().find("higher --far-max"),
            std::string::npos);
  EXPECT_FALSE(EyechartJson(MineStores(folder, "c")).contains("advice"));
}

// All pairs are in the sample, so that any quantile is taken; advice names the
// option that was given.
TEST(MineStoresCommand, AdviceNamesTheQuantileThatWasGiven) {
  const TempFolder folder;
  constexpr std::size_t kCount = 6;
  // The first two rows are the same in the near space; in the far one all are
  // at right angles.
  testing::Rows near(kCount, std::vector<float>(8, 0.0f)), far = near;
  for (std::size_t i = 0; i < kCount; ++i) {
    near[i][i < 2 ? 0 : i] = 1;
    far[i][i] = 1;
  }
  const auto items = testing::MakeItems(kCount);
  testing::MakeStore(folder / "near", near, items);
  testing::MakeStore(folder / "far", far, items);
  const Json none =
      EyechartJson(MineStores(folder, "a", {"--near-quantile", "0.999999"}));
  EXPECT_EQ(none["near_min"], 1.0);
  EXPECT_EQ(none["near_pairs"], 0);
  const auto lower = none["advice"].get<std::string>();
  EXPECT_NE(lower.find("try a lower --near-quantile"), std::string::npos)
      << lower;
  const Json close =
      EyechartJson(MineStores(folder, "b", {"--far-quantile", "0.000001"}));
  EXPECT_EQ(close["near_pairs"], 1);
  EXPECT_EQ(close["blind_pairs"], 0);
  const auto higher = close["advice"].get<std::string>();
  EXPECT_NE(higher.find("try a higher --far-quantile"), std::string::npos)
      << higher;
}

TEST(MineStoresCommand, ClassesAndHubsAndBadValues) {
  const TempFolder folder;
  WriteStores(folder, 400);  // labels even and odd, clusters of neighbours
  const Json all = EyechartJson(MineStores(folder, "all"));
  std::int64_t parts = 0;
  for (const char* classes : {"within", "across"}) {
    const Json some =
        EyechartJson(MineStores(folder, classes, {"--classes", classes}));
    EXPECT_EQ(some["blind_pairs"], all["blind_pairs"]);
    parts += some["selection"]["kept_pairs"].get<std::int64_t>();
    EXPECT_EQ(CsvTable::ReadFile(folder / classes / "pairs.csv").rows(),
              some["selection"]["kept_pairs"].get<std::size_t>());
  }
  EXPECT_EQ(parts, all["blind_pairs"]);
  const Json few =
      EyechartJson(MineStores(folder, "few", {"--max-per-image", "1"}));
  EXPECT_LT(few["selection"]["kept_pairs"], all["blind_pairs"]);
  EXPECT_GT(few["selection"]["over_max"], 0);
  using Bad = std::pair<std::vector<std::string>, std::string>;
  for (const auto& [bad, named] :
       {Bad{{"--classes", "withn"}, "did you mean \"within\""},
        Bad{{"--max-per-image", "-1"}, "max_per_image -1"},
        Bad{{"--near-quantile", "1.5"}, "--near-quantile 1.5"},
        Bad{{"--near-quantile", "0.9", "--near-min", "0.9"}, "--near-min"},
        Bad{{"--recall", "1.2"}, "--recall 1.2"},
        Bad{{"--quantizer", "int4"}, "--quantizer int4"},
        Bad{{"--precision", "fp8"}, "--precision fp8"},
        Bad{{"--engine", "faiss-ivf", "--recall", "1"}, "--engine exact"},
        Bad{{"--surface-near", "0.9"}, "both spaces"},
        Bad{{"--surface-near", "0.9", "--surface-far", "2"},
            "--surface-far 2"}}) {
    const auto result = Eyechart(MineStores(folder, "bad", bad));
    EXPECT_EQ(result.exit_code, 2) << named;
    EXPECT_NE(result.err.find(named), std::string::npos) << result.err;
    EXPECT_TRUE(result.out.empty());
  }
}

}  // namespace
}  // namespace eyechart
