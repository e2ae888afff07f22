#include "reports/gate/gate.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "reports/gate/remeasure.h"
#include "reports/gate/run_checks.h"
#include "tests/reports/gate/gate_runs.h"

namespace eyechart::reports {
namespace {

using eyechart::testing::InputErrorOf;
using eyechart::testing::TempFolder;
using testing::Contains;
using testing::RunWriter;
using testing::ScoreRecord;
using testing::Times;

class GateTest : public ::testing::Test {
 protected:
  GateResult Judge(const Policy& policy = {}, const GateOptions& options = {}) {
    return JudgeRuns(before_.Read(), after_.Read(), policy,
                     ReadNoise(before_.path()), options);
  }
  std::string ErrorOf(const Policy& policy = {}) {
    return InputErrorOf([&] { Judge(policy); });
  }

  TempFolder folder_;
  RunWriter before_{folder_ / "before"};
  RunWriter after_{folder_ / "after"};
};

TEST_F(GateTest, EqualRunsPass) {
  before_.AddTop1("a", Times(60, '1') + Times(40, '0'));
  after_.AddTop1("a", Times(60, '1') + Times(40, '0'));
  const GateResult result = Judge();
  EXPECT_EQ(result.verdict, Verdict::kPass);
  EXPECT_EQ(result.exit_code, 0);
  ASSERT_EQ(result.cells.size(), 1u);
  EXPECT_EQ(result.cells[0].reason, "the same on every item");
}

TEST_F(GateTest, FewerRightAnswersAreRegressed) {
  before_.AddTop1("a", Times(90, '1') + Times(10, '0'));
  after_.AddTop1("a", Times(70, '1') + Times(30, '0'));
  const GateResult result = Judge();
  EXPECT_EQ(result.exit_code, 1);
  const GateCell& cell = result.cells.at(0);
  EXPECT_EQ(cell.verdict, Verdict::kRegressed);
  EXPECT_EQ(cell.test, "mcnemar exact");
  EXPECT_NEAR(*cell.p, std::exp2(-19), 1e-15);  // 20 discordant, one way
  EXPECT_NEAR(*cell.margin, 0.009, 1e-12);      // 1 % of 0.9
  EXPECT_NEAR(*cell.difference, -0.2, 1e-12);
  EXPECT_LT(cell.ci->high, -0.009);
}

TEST_F(GateTest, WhatIsMissingFails) {
  before_.AddTop1("a", "1100").AddTop1("b", "1100");
  after_.AddTop1("a", "1100");
  GateResult result = Judge();
  EXPECT_EQ(result.exit_code, 4);
  EXPECT_EQ(result.missing, std::vector<std::string>{"b"});
  EXPECT_EQ(result.cells.at(1).verdict, Verdict::kMissing);
  // A rule may do without it.
  result =
      Judge(ParsePolicy("[[rule]]\ncell = \"b\"\nrequired = false\n", "p"));
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.missing, std::vector<std::string>{"b"});
  // Or it has another name now.
  after_.AddTop1("c", "1100");
  result = Judge(ParsePolicy("[aliases]\n\"b\" = \"c\"\n", "p"));
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_TRUE(result.missing.empty());
  EXPECT_EQ(result.new_cells, 0u);
  EXPECT_TRUE(Contains(ErrorOf(ParsePolicy("[aliases]\n\"x\" = \"c\"\n", "p")),
                       "the baseline has no cell \"x\""));
}

TEST_F(GateTest, ErrorsAndLostValuesAreErrors) {
  before_.AddTop1("a", "1100").AddTop1("b", "1100").AddTop1("c", "1100");
  Record failed = ScoreRecord("a", "top1", 0, 0);
  failed.metric.clear();
  failed.value.reset();
  failed.status = RecordStatus::kError;
  failed.message = "no memory";
  Record skipped = ScoreRecord("c", "top1", 0, 0);
  skipped.value.reset();
  skipped.status = RecordStatus::kSkipped;
  after_.Add(failed)
      .Add(
          ScoreRecord("b", "top1", std::numeric_limits<double>::quiet_NaN(), 4))
      .Add(skipped);
  const GateResult result = Judge();
  EXPECT_EQ(result.exit_code, 4);
  EXPECT_EQ(result.cells[0].verdict, Verdict::kError);
  EXPECT_EQ(result.cells[0].reason, "no memory");
  EXPECT_EQ(result.cells[1].verdict, Verdict::kError);
  EXPECT_EQ(result.cells[2].verdict, Verdict::kMissing);
  EXPECT_EQ(result.missing.size(), 3u);
}

TEST_F(GateTest, AnErrorOfTheBaselineIsSaidAndNotJudged) {
  before_.AddTop1("a", "1100");
  Record failed = ScoreRecord("b", "top1", 0, 0);
  failed.metric.clear();
  failed.value.reset();
  failed.status = RecordStatus::kError;
  failed.message = "no memory";
  before_.Add(failed);
  after_.AddTop1("a", "1100").Add(failed);
  const GateResult result = Judge();
  EXPECT_EQ(result.exit_code, 0);
  ASSERT_EQ(result.warnings.size(), 1u);
  EXPECT_TRUE(Contains(result.warnings[0], "b: the baseline has no result"));
}

TEST_F(GateTest, InconclusiveFailsOnlyWhereAsked) {
  before_.AddTop1("a", "111110000011");
  after_.AddTop1("a", "111100000111");
  EXPECT_EQ(Judge().exit_code, 0);
  EXPECT_EQ(Judge().verdict, Verdict::kInconclusive);
  GateOptions strict;
  strict.strict = true;
  EXPECT_EQ(Judge({}, strict).exit_code, 3);
}

TEST_F(GateTest, TimesOfOtherMachinesAreIncomparable) {
  const std::vector<double> samples = {1e6, 1.1e6, 1.2e6};
  before_.AddLatency("a", samples).AddTop1("b", "1100");
  Record slow = testing::LatencyRecord("a", 1.1e6);
  slow.environment = "fedcba9876543210";
  after_.Add(slow).AddTop1("b", "1100");
  // Without the documents only the fingerprints differ.
  GateResult result = Judge();
  EXPECT_EQ(result.exit_code, 5);
  EXPECT_EQ(result.cells[0].verdict, Verdict::kIncomparable);
  EXPECT_EQ(result.cells[1].verdict, Verdict::kPass);
  EXPECT_TRUE(result.environment.contains("fingerprint"));
  before_.Write("environment-0123456789abcdef.json",
                R"({"cpu": "A", "eyechart": "1", "threads": 2})");
  after_.Write("environment-fedcba9876543210.json",
               R"({"cpu": "B", "eyechart": "2", "threads": 2})");
  result = Judge();
  ASSERT_EQ(result.environment.size(), 1u);
  EXPECT_EQ(result.environment.at("cpu").first, "A");
  EXPECT_EQ(result.environment.at("cpu").second, "B");
  const Json json = GateToJson(result);
  EXPECT_EQ(json["incomparable"]["environment"]["cpu"]["candidate"], "B");
  EXPECT_TRUE(Contains(GateToText(result, false),
                       "environment cpu: A in the baseline, B now"));
  // What may differ is the policy's to say.
  result = Judge(ParsePolicy(
      "[environment]\nmay_differ = [\"cpu\", \"eyechart\"]\n", "p"));
  EXPECT_NE(result.cells[0].verdict, Verdict::kIncomparable);
  result =
      Judge(ParsePolicy("[environment]\nmust_agree = [\"threads\"]\n", "p"));
  EXPECT_NE(result.cells[0].verdict, Verdict::kIncomparable);
}

TEST_F(GateTest, ScoresAreRefusedToWhereThePolicySaysSo) {
  before_.AddTop1("a", "1100");
  Record other = ScoreRecord("a", "top1", 0.5, 4);
  other.environment = "fedcba9876543210";
  after_.Add(other);
  EXPECT_EQ(Judge().exit_code, 0);
  EXPECT_EQ(
      Judge(ParsePolicy("[environment]\nscores = \"refuse\"\n", "p")).exit_code,
      5);
}

TEST_F(GateTest, RegressedComesBeforeMissing) {
  before_.AddTop1("a", Times(90, '1') + Times(10, '0')).AddTop1("b", "11");
  after_.AddTop1("a", Times(50, '1') + Times(50, '0'));
  EXPECT_EQ(Judge().exit_code, 1);
  EXPECT_EQ(Judge().missing, std::vector<std::string>{"b"});
}

TEST_F(GateTest, CountsWithoutNoiseDecideByThemselves) {
  before_.Add(ScoreRecord("a", "unreadable", 2, 100))
      .Add(ScoreRecord("a", "images", 100, 100));
  after_.Add(ScoreRecord("a", "unreadable", 5, 100))
      .Add(ScoreRecord("a", "images", 90, 100));
  const GateResult result = Judge();
  EXPECT_EQ(result.cells[0].verdict, Verdict::kRegressed);
  EXPECT_EQ(result.cells[0].test, "exact values");
  // More pictures are not better, nor fewer.
  EXPECT_EQ(result.cells[1].verdict, Verdict::kPass);
}

TEST_F(GateTest, NamesRulesWhoseGlobFitsNoCell) {
  before_.AddTop1("clip/knn/a", "11").AddTop1("clip/knn/old", "11");
  after_.AddTop1("clip/knn/a", "11").AddTop1("clip/knn/new", "11");
  const Policy policy = ParsePolicy(
      "[[rule]]\ncell = \"clip/*\"\nmargin = 0.1\n"
      "[[rule]]\ncell = \"clip/nkk/*\"\nrequired = false\n"
      // Cells of either run, a rule that another overrides and a metric that
      // the runs do not have are no slips.
      "[[rule]]\ncell = \"*/old\"\nrequired = false\n"
      "[[rule]]\ncell = \"*/new\"\nmargin = 0.2\n"
      "[[rule]]\nmetric = \"ap\"\nmargin = 0.2\n"
      "[[rule]]\ncell = \"clip/*\"\nmargin = 0.2\n",
      "gate.toml");
  const auto told = [](const GateResult& result) {
    std::vector<std::string> found;
    for (const std::string& warning : result.warnings)
      if (Contains(warning, "[[rule]]")) found.push_back(warning);
    return found;
  };
  const std::vector<std::string> warnings = told(Judge(policy));
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_EQ(warnings[0],
            "gate.toml:4: [[rule]]: cell \"clip/nkk/*\" fits none of the runs' "
            "3 cells, as clip/knn/a: the rule has no effect");
  // A second look is at some of the cells alone.
  GateOptions some;
  some.whole_runs = false;
  EXPECT_TRUE(told(Judge(policy, some)).empty());
}

TEST_F(GateTest, NamesTheBaselineOfAnotherSuite) {
  before_.AddTop1("a", "11");
  after_.AddTop1("b", "11");
  EXPECT_TRUE(Contains(ErrorOf(), "no cell in common, as \"a\" and \"b\""));
  EXPECT_TRUE(Contains(InputErrorOf([&] {
                         JudgeRuns(RunFolder{}, after_.Read(), Policy{},
                                   Noise{});
                       }),
                       "holds no record"));
}

TEST_F(GateTest, AnEmptyCandidateMissesAll) {
  before_.AddTop1("a", "11");
  EXPECT_EQ(Judge().exit_code, 4);
}

TEST_F(GateTest, NamesAnUnknownMetricOfThePolicy) {
  before_.AddTop1("a", "11");
  after_.AddTop1("a", "11");
  EXPECT_TRUE(Contains(
      ErrorOf(ParsePolicy("[[rule]]\nmetric = \"top11\"\n", "gate.toml")),
      "gate.toml:1: [[rule]]: metric \"top11\" is not known (did you mean"));
}

TEST_F(GateTest, SchemasOfOtherBuildsAreNamed) {
  before_.AddTop1("a", "11");
  std::string line = RecordToLine(ScoreRecord("a", "top1", 1, 2));
  line.replace(line.find("\"schema\":1"), 10, "\"schema\":2");
  after_.Write("records.jsonl", RecordToLine(ScoreRecord("a", "top1", 1, 2)) +
                                    "\n" + line + "\n");
  const std::string error = ErrorOf();
  EXPECT_TRUE(Contains(error, "records.jsonl:2")) << error;
  EXPECT_TRUE(Contains(error, "schema 2; this build reads 1")) << error;
}

TEST_F(GateTest, OddRecordsAreWarnedOf) {
  Record late = ScoreRecord("b", "top1", 1, 2);
  late.started = "2026-11-23T19:00:00Z";
  before_.AddTop1("a", "11").AddTop1("a", "10").Add(late);
  const std::string text = ReadFile(before_.path() / "records.jsonl");
  before_.Write("records.jsonl", text + "{\"schema\":1,\"ru");
  const std::vector<std::string> warnings = CheckRecords(before_.path());
  ASSERT_EQ(warnings.size(), 3u);
  EXPECT_TRUE(Contains(warnings[0], "last line is cut short"));
  EXPECT_TRUE(Contains(warnings[1], "a top1 has 2 results"));
  EXPECT_TRUE(Contains(warnings[2], "line 3 starts at 2026-11-23T19:00:00Z"));
  EXPECT_EQ(before_.Read().records.size(), 2u);  // kept up to there
  after_.AddTop1("a", "11");
  EXPECT_TRUE(CheckRecords(after_.path()).empty());
}

TEST_F(GateTest, JsonHasTheContractsKeys) {
  before_.AddTop1("a", "1100").AddTop1("b", "1100");
  after_.AddTop1("a", "1110");
  const Json json = GateToJson(Judge());
  for (const char* key :
       {"verdict", "exit_code", "cells", "missing", "incomparable"})
    EXPECT_TRUE(json.contains(key)) << key;
  for (const char* key :
       {"cell", "metric", "verdict", "baseline", "candidate", "difference",
        "ci", "margin", "p", "p_adjusted", "test", "reason"})
    for (const Json& cell : json["cells"])
      EXPECT_TRUE(cell.contains(key)) << key;
  EXPECT_TRUE(json["cells"][1]["p"].is_null());
  EXPECT_TRUE(json["incomparable"].empty());
}

TEST_F(GateTest, TextShowsWhatMattersFirst) {
  before_.AddTop1("a", "1100")
      .AddTop1("b", "11")
      .AddTop1("c", Times(90, '1') + Times(10, '0'));
  after_.AddTop1("a", "1100").AddTop1("c", Times(50, '1') + Times(50, '0'));
  const std::string text = GateToText(Judge(), /*all=*/false);
  EXPECT_LT(text.find("regressed  "), text.find("missing  ")) << text;
  EXPECT_FALSE(Contains(text, "pass  "));
  EXPECT_TRUE(Contains(text,
                       "3 results of the baseline: 1 regressed, 1 "
                       "missing, 1 pass"))
      << text;
  EXPECT_TRUE(Contains(text, "gate: regressed (exit code 1)"));
  EXPECT_TRUE(Contains(GateToText(Judge(), /*all=*/true), "pass  "));
}

// Gives back what it was told to.
class FakeRemeasure : public Remeasure {
 public:
  explicit FakeRemeasure(Remeasured runs) : runs_(std::move(runs)) {}
  Remeasured Measure(std::span<const std::string> cells,
                     std::int64_t pairs) override {
    asked_.assign(cells.begin(), cells.end());
    pairs_ = pairs;
    return runs_;
  }
  std::vector<std::string> asked_;
  std::int64_t pairs_ = 0;

 private:
  Remeasured runs_;
};

TEST_F(GateTest, ConfirmsWhatIsOpenOnce) {
  before_.AddLatency("a", std::vector<double>(30, 1e6)).AddTop1("b", "11");
  std::vector<double> slow, fast;
  for (int i = 0; i < 30; ++i) {
    slow.push_back(1.5e6 + i);
    fast.push_back(1e6 * (i % 2 == 0 ? 1.001 : 0.999));
  }
  after_.AddLatency("a", slow).AddTop1("b", "11");
  const GateResult first = Judge();
  EXPECT_EQ(first.exit_code, 1);
  RunWriter again_before(folder_ / "again-before");
  RunWriter again_after(folder_ / "again-after");
  again_before.AddLatency("a", std::vector<double>(30, 1e6), "s-");
  again_after.AddLatency("a", fast, "s-");
  FakeRemeasure remeasure({again_before.Read(), again_after.Read(), {}});
  const GateResult second = Confirm(first, remeasure, 30, Policy{});
  EXPECT_EQ(remeasure.asked_, std::vector<std::string>{"a"});
  EXPECT_EQ(remeasure.pairs_, 30);
  EXPECT_EQ(second.exit_code, 0);
  EXPECT_EQ(second.cells[0].test, "signed-rank, paired ratios");
  EXPECT_TRUE(
      Contains(second.cells[0].reason, "measured again after regressed"));
  // Nothing is open now.
  remeasure.asked_.clear();
  Confirm(second, remeasure, 30, Policy{});
  EXPECT_TRUE(remeasure.asked_.empty());
}

}  // namespace
}  // namespace eyechart::reports
