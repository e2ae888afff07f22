#include "reports/gate/explain.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "core/hash.h"
#include "tests/reports/gate/gate_runs.h"

namespace eyechart::reports {
namespace {

using eyechart::testing::InputErrorOf;
using eyechart::testing::TempFolder;
using testing::Contains;
using testing::LatencyRecord;
using testing::RunWriter;
using testing::Times;

constexpr const char* kKnn = "clip/knn/photos/k=10";
constexpr const char* kBench = "clip/bench/photos/default";

class ExplainTest : public ::testing::Test {
 protected:
  ExplainTest() {
    run_.AddTop1(kKnn, Times(60, '1') + Times(40, '0'));
    std::string csv = "latency_ns,started_ns,decode_ns\n";
    for (int i = 1; i <= 100; ++i)
      csv += fmt::format("{},{},{}\n", 1000 * i, i, 300);
    run_.Write("samples/" + CellSlug(kBench) + ".csv", csv);
    run_.Add(LatencyRecord(kBench, 50500));
    run_.Write("environment.json",
               R"({"cpu": "toy", "command": "eyechart run night.toml --out )"
               R"(NEW_FOLDER --filter '*' --threads 2"})");
    before_.AddTop1(kKnn, Times(90, '1') + Times(10, '0'));
  }
  Explanation Of(const std::string& cell, bool against = false) const {
    const RunFolder baseline = before_.Read();
    return Explain(run_.Read(), against ? &baseline : nullptr, Policy{},
                   {.cell = cell, .metric = ""});
  }

  TempFolder folder_;
  RunWriter run_{folder_ / "run"};
  RunWriter before_{folder_ / "before"};
};

TEST_F(ExplainTest, FindsACellByNamePartOrGlob) {
  const RunFolder run = run_.Read();
  EXPECT_EQ(FindCell(run, kKnn), kKnn);
  EXPECT_EQ(FindCell(run, "bench"), kBench);
  EXPECT_EQ(FindCell(run, "*/knn/*"), kKnn);
  const std::string several = InputErrorOf([&] { FindCell(run, "clip"); });
  EXPECT_TRUE(Contains(several, "fits 2 cells")) << several;
  EXPECT_TRUE(Contains(several, kBench)) << several;
  const std::string none =
      InputErrorOf([&] { FindCell(run, "clip/knn/photo/k=20"); });
  EXPECT_TRUE(Contains(none, "nearest")) << none;
  EXPECT_LT(none.find(kKnn), none.find(kBench)) << none;
}

TEST_F(ExplainTest, NamesTheMetricsThatThereAre) {
  const std::string error = InputErrorOf([&] {
    Explain(run_.Read(), nullptr, Policy{}, {.cell = kKnn, .metric = "top2"});
  });
  EXPECT_TRUE(Contains(error, "did you mean \"top1\"")) << error;
}

// The literals are those of 1000, 2000, ... 100000 by nearest rank.
TEST_F(ExplainTest, SumsSamplesUp) {
  const Explanation explanation = Of(kBench);
  ASSERT_TRUE(explanation.samples);
  const SampleSummary& samples = *explanation.samples;
  EXPECT_EQ(samples.count, 100);
  EXPECT_EQ(samples.min, 1000);
  EXPECT_EQ(samples.median, 50500);
  EXPECT_EQ(samples.mean, 50500);
  EXPECT_EQ(samples.max, 100000);
  const std::map<std::string, double> quantiles(samples.quantiles.begin(),
                                                samples.quantiles.end());
  EXPECT_EQ(quantiles.at("p5"), 5000);
  EXPECT_EQ(quantiles.at("p90"), 90000);
  // 100 samples say too little of these.
  EXPECT_FALSE(quantiles.contains("p95"));
  EXPECT_FALSE(quantiles.contains("p99"));
  std::int64_t counted = 0;
  for (const Bin& bin : samples.histogram) counted += bin.count;
  EXPECT_EQ(counted, 100);
  EXPECT_EQ(samples.histogram.back().low, 99000);
  EXPECT_EQ(samples.histogram.back().count, 2);
  EXPECT_EQ(samples.stages, (std::map<std::string, double>{{"decode", 300}}));
}

TEST_F(ExplainTest, SumsOutcomesUp) {
  const Explanation explanation = Of(kKnn, true);
  ASSERT_TRUE(explanation.outcomes);
  EXPECT_EQ(explanation.outcomes->items, 100);
  EXPECT_EQ(explanation.outcomes->right, 60);
  ASSERT_EQ(explanation.outcomes->worst.size(), 1u);
  EXPECT_EQ(explanation.outcomes->worst[0].wrong, 40);
  ASSERT_TRUE(explanation.flipped);
  EXPECT_EQ(explanation.flipped->common, 100);
  EXPECT_EQ(explanation.flipped->only_baseline, 30);
  EXPECT_EQ(explanation.flipped->only_candidate, 0);
}

TEST_F(ExplainTest, SaysWhichTestDecidedAndWhy) {
  const Explanation explanation = Of(kKnn, true);
  const ExplainedMetric& metric = explanation.metrics.front();
  ASSERT_TRUE(metric.gate);
  EXPECT_EQ(metric.gate->verdict, Verdict::kRegressed);
  EXPECT_EQ(metric.gate->test, "mcnemar exact");
  EXPECT_TRUE(Contains(metric.why_test, "flipped"));
  EXPECT_FALSE(metric.what.empty());
  EXPECT_TRUE(Contains(metric.estimator, "Wilson"));
  const std::string text = ExplanationToText(explanation);
  for (const char* part : {"regressed", "mcnemar exact", "margin", "80 % of",
                           "right in the baseline alone"})
    EXPECT_TRUE(Contains(text, part)) << part << "\n" << text;
}

TEST_F(ExplainTest, ShowsHowEnvironmentsDiffer) {
  RunWriter run(folder_ / "there");
  RunWriter before(folder_ / "then");
  for (RunWriter* one : {&run, &before}) {
    const Json environment = {{"cpu", one == &run ? "new" : "old"},
                              {"kernel", "6"}};
    one->Write("environment.json", environment.dump());
    Record record = testing::ScoreRecord(kKnn, "top1", 0.5, 10);
    record.environment = Sha256Hex(CanonicalJson(environment)).substr(0, 16);
    one->Add(record);
  }
  const RunFolder baseline = before.Read();
  const Explanation explanation =
      Explain(run.Read(), &baseline, Policy{}, {.cell = kKnn, .metric = ""});
  ASSERT_EQ(explanation.environment_differences.size(), 1u);
  EXPECT_EQ(explanation.environment_differences.at("cpu"),
            (std::pair<Json, Json>("old", "new")));
}

TEST_F(ExplainTest, GivesTheCommandThatMeasuresTheCellAgain) {
  EXPECT_EQ(Of(kKnn).repeat,
            "eyechart run night.toml --out NEW_FOLDER --threads 2 --filter "
            "'clip/knn/photos/k=10'");
  run_.Write("environment.json", "{}");
  EXPECT_EQ(Of(kKnn).repeat,
            "eyechart run " + (run_.path() / "suite.toml").string() +
                " --out NEW_FOLDER --filter 'clip/knn/photos/k=10'");
}

// `bench -o` and `detect train -o` have no --filter.
TEST_F(ExplainTest, RepeatsOtherCommandsAsTheyAre) {
  for (const char* command :
       {"eyechart bench clip photos --seed 0 --out NEW_FOLDER",
        "eyechart detect train clip boxes --out NEW_FOLDER"}) {
    const Json environment = {{"command", command}};
    run_.Write("environment.json", environment.dump());
    EXPECT_EQ(Of(kBench).repeat, command);
  }
}

TEST_F(ExplainTest, RepeatsTheSweepOfASetting) {
  Record sweep =
      testing::ScoreRecord("clip/nms-sweep/boxes/default", "ap", 0.5, 10);
  sweep.task = "nms-sweep";
  sweep.setting = {{"confidence", "0.1"}, {"nms_iou", "0.5"}};
  sweep.seconds = 4;
  run_.Add(sweep);
  sweep.cell = "clip/nms-sweep/boxes/confidence=0.3,nms_iou=0.6";
  sweep.setting = {{"confidence", "0.3"}, {"nms_iou", "0.6"}};
  sweep.seconds = 0;
  run_.Add(sweep);
  EXPECT_EQ(Of(sweep.cell).repeat,
            "eyechart run night.toml --out NEW_FOLDER --threads 2 --filter "
            "'clip/nms-sweep/boxes/default'");
}

// A filter holds one glob: the head is trained into the same folder before.
TEST_F(ExplainTest, TrainsTheHeadThatACellNeedsFirst) {
  const auto detect = [this](const std::string& setting) {
    Record record =
        testing::ScoreRecord("clip/detect/boxes/" + setting, "ap", 0.5, 10);
    record.task = "detect";
    record.seconds = 9;
    run_.Add(record);
  };
  for (const char* setting : {"dtype=bf16,steps=9", "nms=opencv,steps=9",
                              "steps=9", "dtype=fp16,steps=9"})
    detect(setting);
  const auto bench = [this](const std::string& dtype) {
    const std::string text = "{encoder}/detect/boxes/steps=9";
    Record record = LatencyRecord("clip/bench/boxes/detector_cell=" + text +
                                      (dtype.empty() ? "" : ",dtype=" + dtype),
                                  5e6);
    record.task = "bench";
    // What suppression was taken is no part of the head's name.
    record.setting = {{"detector_cell", text}, {"nms", "opencv"}};
    if (!dtype.empty()) record.setting["dtype"] = dtype;
    run_.Add(record);
    return record.cell;
  };
  const std::string command =
      "eyechart run night.toml --out NEW_FOLDER --threads 2 --filter ";
  const std::string plain = bench("");
  EXPECT_EQ(Of(plain).repeat, command + "'clip/detect/boxes/steps=9' && " +
                                  command + "'" + plain + "'");
  const std::string half = bench("bf16");
  EXPECT_EQ(Of(half).repeat, command +
                                 "'clip/detect/boxes/dtype=bf16,steps=9' && " +
                                 command + "'" + half + "'");
}

TEST_F(ExplainTest, WritesWhatAReaderOfJsonNeeds) {
  const Json json = ExplanationToJson(Of(kKnn, true));
  EXPECT_EQ(json["cell"], kKnn);
  EXPECT_EQ(json["metrics"][0]["comparison"]["verdict"], "regressed");
  EXPECT_EQ(json["metrics"][0]["record"]["metric"], "top1");
  EXPECT_EQ(json["outcomes"]["flipped"]["only_baseline"], 30);
  EXPECT_TRUE(json["samples"].is_null());
  EXPECT_TRUE(
      ExplanationToJson(Of(kKnn))["metrics"][0]["comparison"].is_null());
}

}  // namespace
}  // namespace eyechart::reports
