#include "reports/gate/run_values.h"

#include <gtest/gtest.h>

#include "tests/reports/gate/gate_runs.h"

namespace eyechart::reports {
namespace {

using eyechart::testing::InputErrorOf;
using eyechart::testing::TempFolder;
using eyechart::testing::WriteText;
using testing::Contains;
using testing::ScoreRecord;

class RunValues : public ::testing::Test {
 protected:
  RunValues() { record_.metric = "encode_throughput"; }

  // Seven pairs in turn; the candidate's values are `ratio` times.
  void Write(double ratio, std::int64_t candidate_begins = 150) {
    std::vector<TurnValues> before;
    std::vector<TurnValues> after;
    for (std::int64_t pair = 0; pair < 7; ++pair) {
      const std::int64_t begin = 1000 * pair;
      const double value = 100 + static_cast<double>(pair);
      before.push_back(
          {pair, begin, begin + 100, {{"encode_throughput", value}}});
      after.push_back({pair,
                       begin + candidate_begins,
                       begin + candidate_begins + 100,
                       {{"encode_throughput", value * ratio}}});
    }
    WriteRunValues(folder_ / "a", "c", before);
    WriteRunValues(folder_ / "b", "c", after);
  }
  std::optional<CellEstimate> Estimate() const {
    return EstimateRunValues({folder_ / "a", &record_},
                             {folder_ / "b", &record_});
  }

  TempFolder folder_;
  Record record_ = ScoreRecord("c", "top1", 100, 1);
};

TEST_F(RunValues, AreComparedByTheirPairs) {
  Write(0.9);
  const auto estimate = Estimate();
  ASSERT_TRUE(estimate);
  EXPECT_TRUE(estimate->paired);
  EXPECT_FALSE(estimate->identical);
  EXPECT_EQ(estimate->n, 7);
  EXPECT_NEAR(estimate->difference, -10, 1e-9);
  EXPECT_NEAR(*estimate->p, 1.0 / 64, 1e-12);
  Write(1);
  EXPECT_TRUE(Estimate()->identical);
}

TEST_F(RunValues, AreNotPairedWhereTurnsOverlap) {
  Write(0.9, 50);
  EXPECT_FALSE(Estimate());
}

TEST_F(RunValues, AreNoneWhereSomethingIsMissing) {
  EXPECT_FALSE(Estimate());
  Write(0.9);
  record_.metric = "peak_memory";
  EXPECT_FALSE(Estimate());
  record_.metric = "encode_throughput";
  WriteRunValues(
      folder_ / "b", "c",
      std::vector<TurnValues>{{0, 150, 250, {{"encode_throughput", 90}}}});
  EXPECT_FALSE(Estimate());
  Write(-1);
  EXPECT_FALSE(Estimate());
}

TEST_F(RunValues, SaysWhatIsNoNumber) {
  Write(1);
  const std::string file = "runs/" + CellSlug("c") + ".csv";
  WriteText(folder_ / "b" / file,
            "pair,began_ns,ended_ns,encode_throughput\n0,1,2,fast\n");
  const std::string error = InputErrorOf([&] { Estimate(); });
  EXPECT_TRUE(Contains(error, "row 2")) << error;
  EXPECT_TRUE(Contains(error, "fast")) << error;
}

}  // namespace
}  // namespace eyechart::reports
