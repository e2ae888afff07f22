// Protocols on stores whose classes are known to be apart.
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/csv.h"
#include "probes/pipeline/head_file.h"
#include "probes/pipeline/probe_result.h"
#include "tests/fixture.h"
#include "tests/probes/cuda_device.h"
#include "tests/probes/pipeline/probe_fixture.h"

namespace eyechart::probes {
namespace {

using testing::Clusters;
using testing::Halves;
using testing::InputErrorOf;
using testing::MadeStore;
using testing::TempFolder;
using testing::WriteStore;

class RunProbeTest : public ::testing::Test {
 protected:
  ProbeResult Run(const MadeStore& train,
                  const MadeStore& test,
                  const ProbeOptions& options) {
    const bool tokens = FindProtocol(options).tokens;
    const std::string number = std::to_string(stores_++);
    train_ = std::make_unique<ProbeSide>(
        WriteStore(folder_ / ("train" + number), train), tokens);
    test_ = std::make_unique<ProbeSide>(
        WriteStore(folder_ / ("test" + number), test), tokens);
    RequireSameFeatures(train_->store(), test_->store());
    ProbeInput input;
    input.train = train_.get();
    input.test = test_.get();
    return RunProbe(input, options, Progress::None());
  }

  static ProbeOptions Of(const std::string& kind) {
    ProbeOptions options;
    options.kind = kind;
    options.steps = 60;
    options.batch = 32;
    return options;
  }

  TempFolder folder_;
  int stores_ = 0;
  std::unique_ptr<ProbeSide> train_;
  std::unique_ptr<ProbeSide> test_;
};

MadeStore WithTokens(MadeStore made) {
  // Two of nine tokens carry the class, the others nothing.
  const std::int64_t d = made.pooled.size(1);
  made.tokens = at::randn({made.pooled.size(0), 9, d});
  made.tokens.narrow(1, 2, 2).copy_(
      made.pooled.unsqueeze(1).expand({-1, 2, -1}));
  return made;
}

TEST_F(RunProbeTest, EveryProtocolLearnsClustersApart) {
  const auto [train, test] = Halves(WithTokens(Clusters(240, 4, 12)), 160);
  for (const Protocol& protocol : Protocols()) {
    if (protocol.kind == "zero-shot" || protocol.kind == "mixture") continue;
    ProbeOptions options = Of(std::string(protocol.kind));
    options.protocol = protocol.name;
    options.k = {5, 20};
    if (protocol.kind == "attentive") options.steps = 500;  // rates are low
    const ProbeResult result = Run(train, test, options);
    EXPECT_GT(result.scores.front().value, 0.85) << protocol.name;
    EXPECT_EQ(result.scores.front().metric, "top1");
    EXPECT_EQ(result.test, 80);
    EXPECT_EQ(result.fitted.validation, 16) << protocol.name;
    const Json json = ProbeToJson(result);
    EXPECT_EQ(json["selected"]["split"], "validation");
    EXPECT_EQ(json["grid"].size(), result.fitted.grid.size());
    EXPECT_EQ(json["selected"]["test_top1"], json["top1"]) << protocol.name;
    EXPECT_EQ(CsvTable::Parse(result.outcomes, "outcomes").rows(), 80u);
  }
}

TEST_F(RunProbeTest, RecordsSayADeviceOnlyWhereItIsNotTheCpu) {
  const auto [train, test] = Halves(Clusters(120, 3, 8), 80);
  ProbeOptions options = Of("linear");
  ProbeResult result = Run(train, test, options);
  EXPECT_EQ(ProbeToJson(result)["device"], "cpu");
  EXPECT_FALSE(
      ProbeRecords(result, {}).front().setting.contains("probe_device"));
  result.options.device = c10::kCUDA;
  NoteDevice(result.options, result.fitted);
  EXPECT_EQ(ProbeToJson(result)["device"], "cuda");
  EXPECT_EQ(ProbeRecords(result, {}).front().setting.at("probe_device"),
            "cuda");
}

TEST_F(RunProbeTest, AGpuComesToTheCpusScores) {
  if (const std::string why = testing::WhyNoCuda(); !why.empty())
    GTEST_SKIP() << why;
  const auto [train, test] = Halves(WithTokens(Clusters(240, 4, 12)), 160);
  for (const Protocol& protocol : Protocols()) {
    if (protocol.kind == "zero-shot" || protocol.kind == "mixture") continue;
    for (const bool keep_best : {false, true}) {
      ProbeOptions options = Of(std::string(protocol.kind));
      options.protocol = protocol.name;
      options.k = {5, 20};
      options.keep_best = keep_best;
      if (protocol.kind == "attentive") options.steps = 500;
      const ProbeResult want = Run(train, test, options);
      options.device = testing::Cuda();
      const ProbeResult found = Run(train, test, options);
      ASSERT_EQ(found.fitted.grid.size(), want.fitted.grid.size());
      // One of 80 rows may lie on a border.
      EXPECT_NEAR(found.scores.front().value, want.scores.front().value, 0.013)
          << protocol.name;
      const bool on_cpu = protocol.name == std::string_view("clip-logreg");
      EXPECT_EQ(ProbeToJson(found)["device"], on_cpu ? "cpu" : "cuda")
          << protocol.name;
      for (const auto& [name, tensor] : found.fitted.head)
        EXPECT_TRUE(tensor.is_cpu()) << name;
    }
  }
}

TEST_F(RunProbeTest, BlocksAreReadAsDinov2Does) {
  // Four blocks and a mean patch of two columns each; only the oldest block
  // says anything.
  MadeStore made = Clusters(200, 3, 10);
  made.pooled.copy_(at::randn({200, 10}));
  for (std::int64_t i = 0; i < 200; ++i)
    if (i % 3 > 0) made.pooled[i][i % 3 - 1].add_(6);
  made.parts = {"block-4", "block-3", "block-2", "block-1", "mean"};
  const auto [train, test] = Halves(made, 150);
  ProbeOptions options = Of("linear");
  options.steps = 600;
  const ProbeResult result = Run(train, test, options);
  EXPECT_EQ(result.fitted.grid.size(), 52u);
  const Json json = ProbeToJson(result);
  EXPECT_EQ(json["selected"]["blocks"], 4);
  EXPECT_GT(json["top1"].get<double>(), 0.75);
  for (const Json& point : json["grid"]) {
    if (point["blocks"] == 4) continue;
    EXPECT_LT(point["test_top1"].get<double>(), 0.6) << point;
  }
}

TEST_F(RunProbeTest, SelectionIsOnValidationUnlessAskedOtherwise) {
  const auto [train, test] = Halves(Clusters(120, 3, 4), 80);
  ProbeOptions options = Of("knn");
  options.k = {1, 80};
  const Json chosen = ProbeToJson(Run(train, test, options));
  EXPECT_TRUE(chosen["grid"][0]["validation_top1"].is_number());
  options.select = "test";
  const ProbeResult on_test = Run(train, test, options);
  const Json json = ProbeToJson(on_test);
  EXPECT_EQ(json["selected"]["split"], "test");
  EXPECT_EQ(json["validation"], 0);
  EXPECT_TRUE(json["grid"][0]["validation_top1"].is_null());
  EXPECT_NE(on_test.warnings.back().find("chosen on the test rows"),
            std::string::npos);
  options.k = {20};
  EXPECT_EQ(ProbeToJson(Run(train, test, options))["selected"]["split"],
            "none");
}

TEST_F(RunProbeTest, OneRowAClassLeavesTheFirstOfSeveralK) {
  const auto [train, test] = Halves(Clusters(40, 4, 4), 20);
  ProbeOptions options = Of("knn");
  options.k = {2, 3};
  options.shots = 1;
  const ProbeResult result = Run(train, test, options);
  const Json json = ProbeToJson(result);
  EXPECT_EQ(json["train"], 4);
  EXPECT_EQ(json["selected"]["k"], 2);
  EXPECT_EQ(json["selected"]["split"], "none");
  EXPECT_TRUE(std::any_of(result.warnings.begin(), result.warnings.end(),
                          [](const std::string& warning) {
                            return warning.find("the first, 2, is taken") !=
                                   std::string::npos;
                          }));
}

TEST_F(RunProbeTest, SeedsAreRunsOfTheirOwn) {
  const auto [train, test] = Halves(Clusters(400, 8, 3), 200);
  ProbeOptions options = Of("knn");
  options.shots = 4;
  options.k = {3};
  options.runs = 4;
  const ProbeResult result = Run(train, test, options);
  ASSERT_EQ(result.run_scores.size(), 4u);
  EXPECT_EQ(result.fitted.fit, 32);
  EXPECT_EQ(result.run_scores[0], result.scores.front().value);
  options.runs = 1;
  options.seed = 2;
  EXPECT_EQ(Run(train, test, options).run_scores[0], result.run_scores[2]);
  EXPECT_GT(SpreadOf(result.run_scores).deviation, 0);
}

// clip-logreg fits again on all rows after its choice: what runs are compared
// by is of that head, as the reported score is.
TEST_F(RunProbeTest, ARunsScoreIsTheReportedOne) {
  MadeStore made;
  made.pooled = at::randn({240, 6});
  // Weak enough that a few rows more change some answers.
  const at::Tensor said = made.pooled + 1.5 * at::randn({240, 6});
  const auto sign = [&said](std::int64_t row, std::int64_t column) {
    return said[row][column].item<float>() > 0;
  };
  MadeStore labels = made;
  MadeStore numbers = made;
  for (std::int64_t i = 0; i < 240; ++i) {
    made.labels.push_back(sign(i, 0) ? "a" : sign(i, 1) ? "b" : "c");
    labels.labels.push_back(std::string(sign(i, 2) ? "a" : "c") +
                            (sign(i, 3) ? "|b" : ""));
    numbers.labels.push_back(fmt::format("{}", said[i][4].item<float>()));
  }
  const auto expect = [this](const MadeStore& store, ProbeOptions options) {
    const auto [train, test] = Halves(store, 120);
    options.runs = 2;
    const ProbeResult runs = Run(train, test, options);
    ASSERT_EQ(runs.run_scores.size(), 2u);
    options.runs = 1;
    for (std::size_t run = 0; run < 2; ++run) {
      options.seed = run;
      const ProbeResult one = Run(train, test, options);
      EXPECT_EQ(runs.run_scores[run], one.scores.front().value)
          << one.protocol->name << " " << one.scores.front().metric;
    }
  };
  for (const char* protocol : {"dinov2-linear", "clip-logreg"}) {
    ProbeOptions options = Of("linear");
    options.protocol = protocol;
    options.validation = 0.4;
    expect(made, options);
    options.targets = TargetKind::kLabels;
    expect(labels, options);
    if (options.protocol == "clip-logreg") continue;  // no numbers
    options.targets = TargetKind::kNumbers;
    expect(numbers, options);
  }
  ProbeOptions knn = Of("knn");
  knn.k = {3, 9};
  expect(made, knn);
}

TEST_F(RunProbeTest, LabelsAndNumbersHaveTheirOwnScores) {
  MadeStore made;
  made.pooled = at::randn({300, 6});
  for (std::int64_t i = 0; i < 300; ++i) {
    std::string label;
    if (made.pooled[i][0].item<float>() > 0) label += 'a';
    if (made.pooled[i][1].item<float>() > 0) label += "|b";
    made.labels.push_back(label.empty() ? "c" : label);
  }
  const auto [train, test] = Halves(made, 200);
  for (const char* protocol : {"dinov2-linear", "clip-logreg"}) {
    ProbeOptions options = Of("linear");
    options.protocol = protocol;
    options.targets = TargetKind::kLabels;
    const ProbeResult result = Run(train, test, options);
    EXPECT_EQ(result.scores.front().metric, "map");
    EXPECT_GT(result.scores.front().value, 0.8) << protocol;
    ASSERT_TRUE(result.scores.front().ci.has_value());
    EXPECT_LT(result.scores.front().ci->low, result.scores.front().value);
  }
  MadeStore numbers = made;
  for (std::int64_t i = 0; i < 300; ++i)
    numbers.labels[static_cast<std::size_t>(i)] =
        fmt::format("{}", 100 + 7 * made.pooled[i][0].item<float>() -
                              3 * made.pooled[i][3].item<float>());
  const auto [few, rest] = Halves(numbers, 200);
  ProbeOptions options = Of("linear");
  options.targets = TargetKind::kNumbers;
  options.steps = 300;
  const ProbeResult result = Run(few, rest, options);
  EXPECT_EQ(result.scores.front().metric, "mae");
  EXPECT_LT(result.scores.front().value, 0.5);  // of a spread of about 7.6
  EXPECT_EQ(result.run_scores[0], result.scores.front().value);
}

TEST_F(RunProbeTest, BadInputIsNamed) {
  const auto [train, test] = Halves(Clusters(60, 3, 4), 40);
  MadeStore odd = train;
  odd.pooled = train.pooled.clone();
  odd.pooled[7][2] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_NE(InputErrorOf([&] { Run(odd, test, Of("knn")); })
                .find("the features of 1 pictures are not finite numbers; the "
                      "first is \"7\""),
            std::string::npos);
  EXPECT_NE(InputErrorOf([&] {
              Run(train, test, Of("attentive"));
            }).find("holds no tokens"),
            std::string::npos);
  MadeStore unlabelled = test;
  for (std::string& label : unlabelled.labels) label.clear();
  EXPECT_NE(InputErrorOf([&] {
              Run(train, unlabelled, Of("knn"));
            }).find("no picture has a label"),
            std::string::npos);
  MadeStore other = test;
  other.weights = "others";
  EXPECT_NE(InputErrorOf([&] {
              Run(train, other, Of("knn"));
            }).find("weights weights and others"),
            std::string::npos);
  MadeStore tokens = WithTokens(train);
  tokens.tokens[3][1][1] = std::numeric_limits<float>::infinity();
  EXPECT_NE(InputErrorOf([&] {
              Run(tokens, WithTokens(test), Of("attentive"));
            }).find("the tokens of picture \"3\" are not finite"),
            std::string::npos);
  ProbeOptions options = Of("knn");
  options.k = {500};
  const ProbeResult all = Run(train, test, options);
  EXPECT_NE(all.fitted.warnings.front().find("k = 500 is more than the 40"),
            std::string::npos);
}

TEST_F(RunProbeTest, UnreadableRowsNeitherTrainNorTest) {
  auto [train, test] = Halves(Clusters(60, 3, 4), 40);
  test.status.assign(20, "ok");
  test.status[4] = "truncated";
  train.labels[0].clear();
  const ProbeResult result = Run(train, test, Of("knn"));
  EXPECT_EQ(result.test, 19);
  EXPECT_EQ(result.fitted.fit, 39);
  EXPECT_EQ(CsvTable::Parse(result.outcomes, "o").rows(), 19u);
  // And k of 100 and 200 for 39 rows, and top5 of three classes.
  EXPECT_EQ(result.warnings.size(), 5u);
}

TEST_F(RunProbeTest, AWrittenHeadScoresTheSame) {
  const auto [train, test] = Halves(WithTokens(Clusters(120, 3, 12)), 80);
  for (const char* kind : {"linear", "attentive"}) {
    const ProbeResult result = Run(train, test, Of(kind));
    WriteHead(folder_ / kind, result);
    const HeadFile head(folder_ / kind);
    head.RequireFits(test_->store(), false);
    const AppliedHead applied = ApplyHead(head, *test_);
    EXPECT_EQ(applied.json["top1"], ProbeToJson(result)["top1"]);
    EXPECT_EQ(applied.outcomes, result.outcomes) << kind;
  }
  MadeStore other = test;
  other.weights = "others";
  const auto store = WriteStore(folder_ / "other", other);
  const HeadFile head(folder_ / "linear");
  EXPECT_NE(InputErrorOf([&] {
              head.RequireFits(*store, false);
            }).find("weights_sha256"),
            std::string::npos);
  testing::WriteText(folder_ / "linear" / "head.safetensors", "damaged");
  EXPECT_NE(InputErrorOf([&] {
              HeadFile damaged(folder_ / "linear");
            }).find("is damaged or was changed"),
            std::string::npos);
  EXPECT_NE(InputErrorOf([&] {
              HeadFile none(folder_ / "nothing");
            }).find("no head of a probe"),
            std::string::npos);
}

TEST_F(RunProbeTest, MixturesReadBothEncoders) {
  // The first encoder tells two classes from two, the second the rest.
  MadeStore one = Clusters(240, 2, 8);
  MadeStore two = Clusters(240, 2, 8);
  at::Tensor swapped = two.pooled.clone();
  for (std::int64_t i = 0; i < 240; ++i) {
    const std::int64_t half = i / 2 % 2;
    two.pooled[i].copy_(swapped[(i / 4 * 4 + half) % 240]);
    one.labels[static_cast<std::size_t>(i)] += half == 0 ? "left" : "right";
  }
  two.labels = one.labels;
  two.weights = "others";
  const auto tokens = [](MadeStore made) {
    made.tokens = made.pooled.unsqueeze(1).repeat({1, 4, 1}) +
                  0.1 * at::randn({240, 4, 8});
    return made;
  };
  const auto [train1, test1] = Halves(tokens(one), 160);
  const auto [train2, test2] = Halves(tokens(two), 160);
  const ProbeSide train(WriteStore(folder_ / "a", train1),
                        WriteStore(folder_ / "b", train2));
  const ProbeSide test(WriteStore(folder_ / "c", test1),
                       WriteStore(folder_ / "d", test2));
  ProbeInput input;
  input.train = &train;
  input.test = &test;
  ProbeOptions options = Of("mixture");
  options.alphas = {0, 0.5, 1};
  options.steps = 200;
  const ProbeResult result = RunProbe(input, options, Progress::None());
  const Json curve = ProbeToJson(result)["mixture"];
  ASSERT_EQ(curve.size(), 8u);
  std::map<std::string, double> scores;
  for (const Json& row : curve)
    scores[row["read_out"].get<std::string>() + " " +
           (row.contains("alpha") ? row["alpha"].dump() : "interleaved")] =
        row["test_top1"].get<double>();
  for (const std::string read_out : {"attentive ", "linear "}) {
    EXPECT_LT(scores[read_out + "0.0"], 0.75);
    EXPECT_LT(scores[read_out + "1.0"], 0.75);
    EXPECT_GT(scores[read_out + "0.5"], 0.8) << read_out;
    EXPECT_GT(scores[read_out + "interleaved"], 0.8) << read_out;
  }
  WriteHead(folder_ / "head", result);
  const HeadFile head(folder_ / "head");
  head.RequireFits(test.store(), false);
  head.RequireFits(test.second()->store(), true);
  EXPECT_EQ(ApplyHead(head, test).outcomes, result.outcomes);
  // Other pictures in the second store.
  EXPECT_NE(InputErrorOf([&] {
              const ProbeSide odd(WriteStore(folder_ / "e", train1),
                                  WriteStore(folder_ / "f", test2));
            }).find("not of the same pictures"),
            std::string::npos);
}

}  // namespace
}  // namespace eyechart::probes
