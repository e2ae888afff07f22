#include "reports/gate/policy.h"

#include <gtest/gtest.h>

#include "tests/reports/gate/gate_runs.h"

namespace eyechart::reports {
namespace {

using eyechart::testing::InputErrorOf;
using testing::Contains;

constexpr const char* kPolicy = R"([defaults]
preset = "mlperf-99.9"
alpha = 0.01
min_n = 100

[defaults.speed]
relative = 0.1

[[rule]]
cell = "*/mmvp/*"
margin = 0.02
required = false

[[rule]]
metric = "top*"
cell = "clip*"
share = 0.97

[aliases]
"old/cell" = "new/cell"

[environment]
may_differ = ["eyechart", "kernel"]
scores = "refuse"
)";

CellRule RuleOf(const Policy& policy,
                const std::string& cell,
                const Record& record) {
  return policy.For(cell, record);
}

TEST(PolicyTest, LaterRulesWinKeyByKey) {
  const Policy policy = ParsePolicy(kPolicy, "gate.toml");
  const Record top1 = testing::ScoreRecord("x", "top1", 0.8, 100);
  const Record items = testing::ScoreRecord("x", "item_accuracy", 0.8, 100);
  CellRule rule = RuleOf(policy, "dinov2/knn/photos/k=10", top1);
  EXPECT_NEAR(rule.margin.Of(0.8), 0.0008, 1e-12);
  EXPECT_EQ(rule.alpha, 0.01);
  EXPECT_EQ(rule.min_n, 100);
  EXPECT_TRUE(rule.required);
  rule = RuleOf(policy, "clip/ask/mmvp/x", top1);
  EXPECT_NEAR(rule.margin.Of(0.8), 0.024, 1e-12);
  EXPECT_EQ(rule.margin.where, "gate.toml:14: [[rule]]");
  EXPECT_FALSE(rule.required);
  EXPECT_EQ(RuleOf(policy, "clip/ask/mmvp/x", items).margin.Of(0.8), 0.02);
  rule = RuleOf(policy, "x", testing::LatencyRecord("x", 5e6));
  EXPECT_NEAR(rule.margin.Of(5e6), 5e5, 1e-6);
  EXPECT_EQ(policy.aliases.at("old/cell"), "new/cell");
  EXPECT_TRUE(policy.scores_need_same_environment);
}

TEST(PolicyTest, WithoutAFileScoresKeep99PerCentAndTimes5) {
  const Policy policy;
  EXPECT_NEAR(RuleOf(policy, "x", testing::ScoreRecord("x", "top1", 0.5, 9))
                  .margin.Of(0.5),
              0.005, 1e-12);
  EXPECT_NEAR(
      RuleOf(policy, "x", testing::LatencyRecord("x", 100)).margin.Of(100), 5,
      1e-12);
  EXPECT_TRUE(IsSpeedMetric("images/s"));
  EXPECT_FALSE(IsSpeedMetric("1"));
  EXPECT_FALSE(IsSpeedMetric("patches"));
}

TEST(PolicyTest, AMarginOfScoresIsNoneOfTimes) {
  const Policy policy = ParsePolicy("[defaults]\nmargin = 0.01\n", "p");
  EXPECT_NEAR(
      RuleOf(policy, "x", testing::LatencyRecord("x", 100)).margin.Of(100), 5,
      1e-12);
}

std::string ErrorOf(const std::string& text) {
  return InputErrorOf([&] { ParsePolicy(text, "gate.toml"); });
}

TEST(PolicyTest, NamesLineAndNearestKey) {
  std::string error = ErrorOf("[defaults]\nshare = 0.9\nalfa = 0.1\n");
  EXPECT_TRUE(Contains(error, "gate.toml:3")) << error;
  EXPECT_TRUE(Contains(error, "did you mean \"alpha\"?")) << error;
  error = ErrorOf("[[rule]]\nmetric = \"top1\"\nmetrik = \"x\"\n");
  EXPECT_TRUE(Contains(error, "gate.toml:3: [[rule]]: unknown key \"metrik\""))
      << error;
  EXPECT_TRUE(Contains(ErrorOf("[default]\n"), "did you mean \"defaults\"?"));
  EXPECT_TRUE(Contains(ErrorOf("[environment]\nmust = []\n"), "gate.toml:2"));
  EXPECT_TRUE(Contains(ErrorOf("a = [\n"), "gate.toml:"));
}

TEST(PolicyTest, RefusesWhatCannotBe) {
  for (const char* text :
       {"[defaults]\nalpha = 0\n", "[defaults]\nalpha = \"x\"\n",
        "[defaults]\nshare = 99\n", "[defaults]\nmargin = -1\n",
        "[defaults]\nmargin = nan\n", "[defaults]\nmin_n = -1\n",
        "[defaults]\nrequired = 1\n", "[defaults]\nmargin = true\n",
        "[defaults]\npreset = \"mlperf-98\"\n", "defaults = 3\n", "rule = 3\n",
        "rule = [3]\n", "[aliases]\na = 3\n", "[environment]\nscores = \"x\"\n",
        "[environment]\nmay_differ = \"x\"\n",
        "[environment]\nmay_differ = []\nmust_agree = []\n",
        "[defaults]\nmargin = 0.1\nshare = 0.9\n"})
    EXPECT_TRUE(Contains(ErrorOf(text), "gate.toml:")) << text;
}

TEST(PolicyTest, KnowsTheMetrics) {
  const Policy policy = ParsePolicy(
      "[[rule]]\nmetric = \"top2\"\n[[rule]]\nmetric = \"latency*\"\n", "g");
  const std::string error =
      InputErrorOf([&] { RequireKnownMetrics(policy, {"latency_median"}); });
  EXPECT_TRUE(Contains(error, "g:1: [[rule]]: metric \"top2\"")) << error;
  EXPECT_TRUE(Contains(error, "did you mean \"top1\"?")) << error;
}

}  // namespace
}  // namespace eyechart::reports
