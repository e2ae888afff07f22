#include "reports/gate/item_pairs.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/reports/gate/gate_runs.h"

namespace eyechart::reports {
namespace {

using eyechart::testing::InputErrorOf;
using eyechart::testing::TempFolder;
using testing::Contains;
using testing::RunWriter;

constexpr const char* kCell = "clip/knn/photos/k=10";

// Two runs of one cell with outcomes given as CSV.
class ItemPairsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    before_.Write("outcomes/" + CellSlug(kCell) + ".csv", "");
    after_.Write("outcomes/" + CellSlug(kCell) + ".csv", "");
  }
  CellEstimate Estimate(const Record& before, const Record& after) {
    return EstimateCell({before_.path(), &before}, {after_.path(), &after});
  }
  void Outcomes(const std::string& before, const std::string& after) {
    before_.Write("outcomes/" + CellSlug(kCell) + ".csv", before);
    after_.Write("outcomes/" + CellSlug(kCell) + ".csv", after);
  }

  TempFolder folder_;
  RunWriter before_{folder_ / "before"};
  RunWriter after_{folder_ / "after"};
};

Record Score(const std::string& metric, double value, std::int64_t n = 4) {
  Record record = testing::ScoreRecord(kCell, metric, value, n);
  record.ci = Interval{value - 0.1, value + 0.1, 0.95, "made up"};
  return record;
}

TEST_F(ItemPairsTest, JoinsById) {
  Outcomes("id,truth,correct\na,x,1\nb,x,1\nc,y,0\nd,y,1\n",
           "id,truth,correct\nd,y,0\nc,y,0\nb,x,1\na,x,0\n");
  const CellEstimate estimate =
      Estimate(Score("top1", .75), Score("top1", .25));
  EXPECT_EQ(estimate.test, "mcnemar exact");
  EXPECT_EQ(estimate.n, 4);
  EXPECT_DOUBLE_EQ(*estimate.p, 0.5);  // 2 x 2^-2
  EXPECT_EQ(estimate.note, "");
}

TEST_F(ItemPairsTest, SaysWhyItIsNotPaired) {
  const auto note = [&](const std::string& before, const std::string& after) {
    Outcomes(before, after);
    const CellEstimate estimate =
        Estimate(Score("top1", 0.75), Score("top1", 0.25));
    EXPECT_EQ(estimate.test, "unpaired, intervals of both");
    return estimate.note;
  };
  const std::string good = "id,truth,correct\na,x,1\nb,x,1\nc,y,0\nd,y,1\n";
  EXPECT_EQ(note(good, "id,truth,correct\na,x,0\nb,x,1\n"),
            "item \"c\" is in the baseline alone");
  EXPECT_EQ(note(good, "id,truth,correct\na,x,0\nb,z,1\nc,y,0\nd,y,0\n"),
            "item \"b\" has another truth");
  EXPECT_EQ(note(good, "id,truth,correct\na,x,0\nb,x,1\nc,y,0\nd,y,0\ne,y,0\n"),
            "item \"e\" is in the candidate alone");
  EXPECT_TRUE(
      Contains(note(good, "id,truth,correct\na,x,1\nb,x,1\nc,y,0\nd,y,0\n"),
               "candidate's outcomes give 0.5, its record says 0.25"));
  EXPECT_TRUE(Contains(note(good, "id,truth\na,x\n"), "lack a column"));
  std::filesystem::remove_all(folder_ / "after" / "outcomes");
  EXPECT_EQ(Estimate(Score("top1", 0.75), Score("top1", 0.25)).note,
            "the candidate has no outcomes of it");
}

TEST_F(ItemPairsTest, RefusesBrokenFiles) {
  Outcomes("id,truth,correct\na,x,yes\n", "id,truth,correct\na,x,1\n");
  std::string error =
      InputErrorOf([&] { Estimate(Score("top1", 1, 1), Score("top1", 1, 1)); });
  EXPECT_TRUE(Contains(error, "row 2: correct \"yes\"")) << error;
  Outcomes("id,truth,correct\na,x,1\na,x,1\n", "id,truth,correct\na,x,1\n");
  error =
      InputErrorOf([&] { Estimate(Score("top1", 1, 1), Score("top1", 1, 1)); });
  EXPECT_TRUE(Contains(error, "row 3: id \"a\" is there already")) << error;
}

TEST_F(ItemPairsTest, CountsRanksPairsAndClasses) {
  Outcomes("id,truth,correct,rank\na,x,0,5\nb,x,0,6\nc,y,1,1\nd,y,0,9\n",
           "id,truth,correct,rank\na,x,0,6\nb,x,0,6\nc,y,1,1\nd,y,0,9\n");
  CellEstimate estimate = Estimate(Score("top5", 0.5), Score("top5", 0.25));
  EXPECT_EQ(estimate.test, "mcnemar exact");
  // By class: x 0 of 2, y 1 of 2; 1/4 in the mean.
  estimate =
      Estimate(Score("mean_per_class", .25), Score("mean_per_class", .25));
  EXPECT_TRUE(estimate.identical) << estimate.note;
  Outcomes(
      "id,truth,correct,pair,pair_correct\n"
      "a,x,1,p,1\nb,y,1,p,1\nc,x,1,q,0\nd,y,0,q,0\n",
      "id,truth,correct,pair,pair_correct\n"
      "a,x,1,p,0\nb,y,0,p,0\nc,x,1,q,0\nd,y,0,q,0\n");
  estimate =
      Estimate(Score("pair_accuracy", 0.5, 2), Score("pair_accuracy", 0, 2));
  EXPECT_EQ(estimate.n, 2) << estimate.note;
  EXPECT_EQ(estimate.test, "mcnemar exact");
}

TEST_F(ItemPairsTest, MeasuresDistances) {
  Outcomes("id,truth,prediction\na,1,2\nb,5,3\nc,3,3\n",
           "id,truth,prediction\na,1,4\nb,5,5\nc,3,4\n");
  CellEstimate estimate =
      Estimate(Score("mae", 1, 3), Score("mae", 4.0 / 3, 3));
  EXPECT_EQ(estimate.test, "sign-flip, paired bootstrap") << estimate.note;
  EXPECT_NEAR(estimate.difference, 1.0 / 3, 1e-12);
  estimate = Estimate(Score("rmse", std::sqrt(5.0 / 3), 3),
                      Score("rmse", std::sqrt(10.0 / 3), 3));
  EXPECT_TRUE(estimate.paired) << estimate.note;
  // Squares of 1, 5, 3 about 3: 8.
  estimate = Estimate(Score("r2", 1 - 5.0 / 8, 3), Score("r2", 1 - 10. / 8, 3));
  EXPECT_TRUE(estimate.paired) << estimate.note;
}

TEST_F(ItemPairsTest, APatternIsAPartOfTheCellsFile) {
  const std::string file =
      "id,truth,correct,pattern\n"
      "a,x,1,color and light\nb,x,0,color and light\n"
      "c,x,0,other\n";
  Outcomes(file, file);
  Record record = Score("item_accuracy", 0.5, 2);
  record.cell = std::string(kCell) + ",pattern=color_and_light";
  record.setting = {{"k", "10"}, {"pattern", "color and light"}};
  const CellEstimate estimate = Estimate(record, record);
  EXPECT_EQ(estimate.n, 2) << estimate.note;
  EXPECT_TRUE(estimate.identical);
}

TEST_F(ItemPairsTest, LatenciesArePairedWherePairsAreShared) {
  std::vector<double> before, after;
  for (int i = 0; i < 12; ++i) {
    before.push_back(1e6 * (1 + 0.1 * i));
    after.push_back(1.2 * before.back());
  }
  before_.AddLatency(kCell, before, "s1-");
  after_.AddLatency(kCell, after, "s1-");
  const Record slow = testing::LatencyRecord(kCell, Median(after));
  const Record fast = testing::LatencyRecord(kCell, Median(before));
  CellEstimate estimate = Estimate(fast, slow);
  EXPECT_EQ(estimate.test, "signed-rank, paired ratios");
  EXPECT_NEAR(estimate.difference, 0.2 * Median(before), 1);
  EXPECT_DOUBLE_EQ(*estimate.p, std::exp2(-11));
  // Pairs of another session have no partners.
  after_.AddLatency(kCell, after, "s2-");
  estimate = Estimate(fast, slow);
  EXPECT_TRUE(Contains(estimate.test, "unpaired: mann-whitney"));
  EXPECT_TRUE(Contains(estimate.note, "no common interleaved pairs"));
  std::filesystem::remove_all(folder_ / "after" / "samples");
  estimate = Estimate(fast, slow);
  EXPECT_FALSE(estimate.p);
  EXPECT_FALSE(estimate.interval);
}

// Blocks of the same numbers, but of two sessions: both began at 0.
TEST_F(ItemPairsTest, TurnsThatOverlapAreOfNoCommonSession) {
  const auto samples = [](int first_start) {
    std::string csv = "latency_ns,pair,started_ns\n";
    for (int i = 0; i < 10; ++i)
      csv += fmt::format("{},{},{}\n", 40 + i, i, first_start + 100 * i);
    return csv;
  };
  const Record record = testing::LatencyRecord(kCell, 44.5);
  const std::string file = "samples/" + CellSlug(kCell) + ".csv";
  before_.Write(file, samples(0));
  after_.Write(file, samples(50));
  EXPECT_EQ(Estimate(record, record).test, "signed-rank, paired ratios");
  after_.Write(file, samples(20));
  EXPECT_TRUE(Contains(Estimate(record, record).note, "no common interleaved"));
}

// A sweep's raw times are of many settings.
TEST_F(ItemPairsTest, TimesOfAnotherKindAreNoSamples) {
  before_.AddLatency(kCell, {1, 2});
  after_.Write("samples/" + CellSlug(kCell) + ".csv", "stage,ns\nnms,3\n");
  const Record record = testing::LatencyRecord(kCell, 2);
  const CellEstimate estimate = Estimate(record, record);
  EXPECT_FALSE(estimate.p);
  EXPECT_FALSE(estimate.interval);
}

// Else a file that lost its header would pass as one that is not there.
TEST_F(ItemPairsTest, RefusesADamagedFileThatIsNoSweep) {
  before_.AddLatency(kCell, {1, 2});
  const Record record = testing::LatencyRecord(kCell, 2);
  for (const char* csv : {"latncy_ns,started_ns\n3,0\n", "stage,pair\nnms,3\n",
                          "ns\n3\n", "3,0\n4,5\n"}) {
    after_.Write("samples/" + CellSlug(kCell) + ".csv", csv);
    const std::string error = InputErrorOf([&] { Estimate(record, record); });
    EXPECT_TRUE(Contains(error, "no column \"latency_ns\"")) << csv << error;
  }
}

TEST_F(ItemPairsTest, RefusesALatencyThatIsNone) {
  before_.AddLatency(kCell, {1, 2});
  after_.Write("samples/" + CellSlug(kCell) + ".csv", "latency_ns\n-3\n");
  const Record record = testing::LatencyRecord(kCell, 2);
  const std::string error = InputErrorOf([&] { Estimate(record, record); });
  EXPECT_TRUE(Contains(error, "row 2: latency_ns \"-3\"")) << error;
}

}  // namespace
}  // namespace eyechart::reports
