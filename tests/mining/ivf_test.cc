// The approximate engine: what it finds, what it says of that, what it keeps.
#include <gtest/gtest.h>

#include <filesystem>

#include "mining/ivf_cells.h"
#include "mining/mine.h"
#include "mining/probe_choice.h"
#include "mining/probe_table.h"
#include "mining/unit_rows.h"
#include "tests/mining/made_rows.h"

namespace eyechart::mining {
namespace {

using testing::MadeRows;
using testing::MakeItems;
using testing::MakeRows;
using testing::MakeStore;
using testing::Rows;
using testing::TempFolder;

// Enough rows for many cells, and clusters that cells cut through.
constexpr std::size_t kRows = 4000;

struct Stores {
  Stores(std::size_t dim, std::size_t clusters, float spread)
      : near(MakeStore(folder / "near",
                       MakeRows(kRows, dim, clusters, spread),
                       MakeItems(kRows),
                       1000)),
        far(MakeStore(folder / "far",
                      MakeRows(kRows, 12, 60, 0.6f),
                      MakeItems(kRows),
                      1000)) {}
  MiningResult Mine(const MineOptions& options,
                    Progress& progress = Progress::None()) const {
    return mining::Mine(near, far, options, progress);
  }
  TempFolder folder;
  data::FeatureStore near;
  data::FeatureStore far;
};

// Rows spread over a sphere of few dimensions: near pairs lie across all
// borders of cells.
TEST(Ivf, TheRecallItReportsIsTheTrueOne) {
  const Stores stores(6, kRows, 1);
  MineOptions options;
  options.engine = "exact";
  const MiningResult exact = stores.Mine(options);
  EXPECT_GT(exact.near_pairs, 3000);
  options.engine = "faiss-ivf";
  bool some_missed = false;
  for (const double recall : {0.5, 0.9, 0.99, 0.999}) {
    options.recall = recall;
    const MiningResult found = stores.Mine(options);
    const double truth = static_cast<double>(found.near_pairs) /
                         static_cast<double>(exact.near_pairs);
    ASSERT_TRUE(found.recall.has_value());
    EXPECT_GT(found.recall_pairs, 100);
    EXPECT_NEAR(*found.recall, truth, recall < 0.95 ? 0.05 : 0.01) << recall;
    EXPECT_GT(truth, recall - 0.02);
    some_missed = some_missed || truth < 1;
    // Whatever is found is right.
    EXPECT_LE(found.near_pairs, exact.near_pairs);
    ASSERT_TRUE(found.products.has_value());
    if (recall < 0.95) {
      EXPECT_LT(*found.products, static_cast<std::int64_t>(kRows * kRows / 2));
    }
  }
  EXPECT_TRUE(some_missed);
}

TEST(Ivf, CodedCopiesLoseNoPair) {
  const Stores stores(48, 200, 0.2f);
  MineOptions options;
  options.engine = "faiss-ivf";
  const MiningResult plain = stores.Mine(options);
  EXPECT_GT(plain.near_pairs, 5000);
  for (const char* quantizer : {"fp16", "int8"}) {
    options.quantizer = quantizer;
    const MiningResult coded = stores.Mine(options);
    EXPECT_EQ(coded.near_pairs, plain.near_pairs) << quantizer;
    EXPECT_EQ(coded.blind_pairs, plain.blind_pairs) << quantizer;
  }
  options.quantizer = "int4";
  EXPECT_NE(testing::InputErrorOf([&] {
              stores.Mine(options);
            }).find("there are none, fp16 and int8"),
            std::string::npos);
}

TEST(Ivf, ErrorsOfCodedRowsAreWithinTheirBound) {
  const Rows rows = MakeRows(300, 40, 300, 1);
  const MadeRows made(rows);
  std::vector<std::int32_t> all(300);
  for (std::int32_t i = 0; i < 300; ++i) all[i] = i;
  double last = 0;
  for (const char* quantizer : {"none", "fp16", "int8"}) {
    const auto units = UnitRows::Create(made.view, quantizer);
    std::vector<float> loaded(300 * 40);
    units->Load(all, loaded.data());
    double worst = 0;
    for (std::size_t i = 0; i < 300; ++i)
      for (std::size_t j = 0; j < i; ++j) {
        const std::vector<float> a(loaded.begin() + i * 40,
                                   loaded.begin() + (i + 1) * 40);
        double dot = 0;
        for (std::size_t d = 0; d < 40; ++d)
          dot += double{a[d]} * double{loaded[j * 40 + d]};
        worst = std::max(worst,
                         std::abs(dot - testing::CosineOf(rows[i], rows[j])));
      }
    EXPECT_LE(worst, units->error() + 1e-6) << quantizer;
    EXPECT_GE(units->error(), last);
    last = units->error();
  }
  EXPECT_LT(last, 0.05);
}

TEST(Ivf, TheIndexIsKeptAndTakenAgain) {
  const Stores stores(24, 300, 0.22f);
  struct Notes : Progress {
    void Note(const std::string& text) override { all += text + "\n"; }
    void Begin(const std::string& stage, std::int64_t) override {
      all += stage + "\n";
    }
    std::string all;
  };
  MineOptions options;
  options.engine = "faiss-ivf";
  options.index_folder = stores.folder / "near";
  Notes first;
  const MiningResult trained = stores.Mine(options, first);
  EXPECT_NE(first.all.find("training cells"), std::string::npos);
  Notes second;
  const MiningResult kept = stores.Mine(options, second);
  EXPECT_EQ(second.all.find("training cells"), std::string::npos);
  EXPECT_NE(second.all.find("cells from"), std::string::npos);
  EXPECT_EQ(kept.near_pairs, trained.near_pairs);
  EXPECT_EQ(kept.products, trained.products);
  // Cut short, it is trained again.
  for (const auto& entry :
       std::filesystem::directory_iterator(options.index_folder))
    if (entry.path().extension() == ".index")
      std::filesystem::resize_file(entry.path(), 500);
  Notes third;
  EXPECT_EQ(stores.Mine(options, third).near_pairs, trained.near_pairs);
  EXPECT_NE(third.all.find("training cells"), std::string::npos);
}

TEST(Ivf, IndexFilesOfOtherFeaturesAreNotTaken) {
  IvfCells cells(3, {1, 0, 0, 0, 1, 0});
  const std::string bytes = cells.ToBytes("these");
  const auto same = IvfCells::FromBytes(bytes, "these");
  ASSERT_TRUE(same.has_value());
  EXPECT_EQ(same->centroids(), cells.centroids());
  EXPECT_FALSE(IvfCells::FromBytes(bytes, "others").has_value());
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    std::string changed = bytes;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    EXPECT_FALSE(IvfCells::FromBytes(changed, "these").has_value()) << at;
    EXPECT_FALSE(IvfCells::FromBytes(bytes.substr(0, at), "these").has_value());
  }
}

TEST(Ivf, TablesAgreeWithTheCells) {
  const MadeRows made(MakeRows(500, 16, 20, 0.5f));
  IvfCellsOptions options;
  options.cells = 11;
  const IvfCells cells = IvfCells::Train(made.view, options, Progress::None());
  EXPECT_EQ(cells.count(), 11);
  const ProbeTable table(made.view, cells, 3, Progress::None());
  std::size_t members = 0;
  std::size_t visitors = 0;
  for (std::int32_t cell = 0; cell < 11; ++cell) {
    for (const std::int32_t row : table.Members(cell))
      EXPECT_EQ(table.CellOf(row), cell);
    for (const std::int32_t row : table.Visitors(cell))
      EXPECT_TRUE(table.Looks(row, cell));
    members += table.Members(cell).size();
    visitors += table.Visitors(cell).size();
  }
  EXPECT_EQ(members, 500u);
  EXPECT_EQ(visitors, 1500u);
}

TEST(Ivf, WithoutNearPairsTheRecallIsNotKnown) {
  const Stores stores(64, kRows, 1);
  MineOptions options;
  options.engine = "faiss-ivf";
  const MiningResult found = stores.Mine(options);
  EXPECT_EQ(found.near_pairs, 0);
  EXPECT_FALSE(found.recall.has_value());
  ASSERT_EQ(found.warnings.size(), 1u);
  EXPECT_NE(found.warnings[0].find("not known"), std::string::npos);
}

}  // namespace
}  // namespace eyechart::mining
