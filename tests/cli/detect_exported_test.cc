// Exported detectors through the built binary: eval, predict, bench and the NMS
// sweep.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <set>
#include <string>
#include <vector>

#include "core/files.h"
#include "core/json.h"
#include "core/record.h"
#include "tests/cli/process.h"
#include "tests/fixture.h"
#include "tests/probes/detection/transfer/colour_detector.h"
#include "tests/probes/detection/transfer/coloured_boxes.h"

namespace eyechart {
namespace {

namespace fs = std::filesystem;
using namespace detection::testing;
using testing::Eyechart;
using testing::EyechartJson;
using testing::TempFolder;

class DetectExported : public ::testing::Test {
 protected:
  void SetUp() override {
    WriteRoboflow(folder_ / "set/test", ColourSet(folder_ / "set/test"));
    WriteColourDetector(detector_, kLabelledForward,
                        ColourConfig(LabelledAnswers(true)));
    WriteColourDetector(detr_, kDetrForward, ColourConfig(DetrAnswers()));
  }

  const TempFolder folder_;
  const std::string set_ = (folder_ / "set").string();
  const std::string detector_ = (folder_ / "labelled").string();
  const std::string detr_ = (folder_ / "detr").string();
};

TEST_F(DetectExported, EvalNeedsNoModel) {
  const std::string out = (folder_ / "out").string();
  for (const std::string& detector : {detector_, detr_}) {
    const Json json = EyechartJson({"detect", "eval", detector, set_,
                                    "--threads", "1", "-o", out, "--json"});
    EXPECT_EQ(json["head"], "exported");
    EXPECT_NEAR(json["stats"]["AP"].get<double>(), 1, 1e-9);
    EXPECT_EQ(json["detections"], 7);
    EXPECT_EQ(ReadJsonFile(out + "/detections.json").size(), 7u);
  }
  const auto three = Eyechart({"detect", "eval", detector_, "model", set_});
  EXPECT_EQ(three.exit_code, 2);
  EXPECT_NE(three.err.find("the set alone"), std::string::npos) << three.err;
  const auto two = Eyechart({"detect", "eval", set_, set_});
  EXPECT_EQ(two.exit_code, 2);
  EXPECT_NE(two.err.find("DETECTOR MODEL DATASET"), std::string::npos)
      << two.err;
}

TEST_F(DetectExported, PredictsBoxesInThePicturesOwnPixels) {
  const std::string out = (folder_ / "found.json").string();
  const Json json =
      EyechartJson({"detect", "predict", detr_, set_ + "/test", "-o", out,
                    "--draw", (folder_ / "drawn").string(), "--json"});
  EXPECT_EQ(json["boxes"], 7);
  const Json found = ReadJsonFile(out);
  ASSERT_EQ(found["annotations"].size(), 7u);
  const Json& red = found["annotations"][0];
  const std::vector<double> expected = {2, 4, 14, 20};
  for (std::size_t i = 0; i < 4; ++i)
    EXPECT_NEAR(red["bbox"][i].get<double>(), expected[i], 1e-3);
  EXPECT_NEAR(red["score"].get<double>(), 0.9, 1e-5);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_ / "drawn"),
                          fs::directory_iterator()),
            4);
}

TEST_F(DetectExported, IsMeasuredUnderLoad) {
  const std::string out = (folder_ / "run").string();
  const Json json =
      EyechartJson({"bench", detector_, set_ + "/test", "--min-seconds", "0",
                    "--min-queries", "10", "--threads", "1", "--allow", "-o",
                    out, "--json"});
  EXPECT_EQ(json["n"], 10);
  EXPECT_EQ(json["answer"], "boxes");
  EXPECT_EQ(json["detector"]["head"], "exported");
  bool nms = false;
  for (const Record& record : ReadRecords(fs::path(out) / "records.jsonl")) {
    nms = nms || record.metric == "stage_nms";
    EXPECT_EQ(record.encoder, "labelled");
  }
  EXPECT_TRUE(nms);
  const auto both = Eyechart(
      {"bench", detector_, set_ + "/test", "--detector", detr_, "--allow"});
  EXPECT_EQ(both.exit_code, 2);
  EXPECT_NE(both.err.find("one of them"), std::string::npos) << both.err;
}

TEST_F(DetectExported, HasABatchCurveInTheReport) {
  const std::string out = (folder_ / "run").string();
  const std::vector<std::string> bench = {"bench",
                                          detector_,
                                          set_ + "/test",
                                          "--min-seconds",
                                          "0",
                                          "--min-queries",
                                          "10",
                                          "--threads",
                                          "1",
                                          "--allow",
                                          "--batch-curve",
                                          "1,2"};
  std::vector<std::string> kept = bench;
  kept.insert(kept.end(), {"-o", out});
  const auto run = Eyechart(kept);
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_NE(run.out.find("knee at batch"), std::string::npos) << run.out;
  EXPECT_EQ(run.out.find("GFLOP/s"), std::string::npos) << run.out;
  const std::string page = (folder_ / "r.html").string();
  const auto report = Eyechart({"report", out, "-o", page});
  EXPECT_EQ(report.exit_code, 0) << report.err;
  EXPECT_NE(ReadFile(page).find("id=\"roofline\""), std::string::npos);
  const auto nowhere = Eyechart(bench);
  EXPECT_EQ(nowhere.exit_code, 2);
  EXPECT_NE(nowhere.err.find("-o RUN"), std::string::npos) << nowhere.err;
}

TEST_F(DetectExported, OtherSizesAndGraphsAreRefusedByName) {
  for (const std::vector<std::string>& more :
       {std::vector<std::string>{"--resolution", "32"},
        {"--pool", "cls"},
        {"--cuda-graphs", "on"}}) {
    std::vector<std::string> arguments = {"bench", detector_, set_ + "/test",
                                          "--allow"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const auto run = Eyechart(arguments);
    EXPECT_EQ(run.exit_code, 2) << more[0];
    EXPECT_NE(run.err.find(more[0].substr(2)), std::string::npos) << run.err;
  }
}

// A suite through the binary: run, table, picture.
TEST_F(DetectExported, StandsInASuitesTableAndPicture) {
  const fs::path suite = folder_ / "s.toml";
  testing::WriteText(suite,
                     "[suite]\nname = \"s\"\n"
                     "[[encoder]]\nname = \"labelled\"\nmodel = \"labelled\"\n"
                     "[[encoder]]\nname = \"detr\"\nmodel = \"detr\"\n"
                     "[[dataset]]\nname = \"set\"\nkind = \"boxes\"\n"
                     "root = \"set\"\n"
                     "[[task]]\nkind = \"detect\"\n"
                     "[[task]]\nkind = \"bench\"\nmin_seconds = 0\n"
                     "min_queries = 10\n");
  const std::string out = (folder_ / "run").string();
  const Json json = EyechartJson(
      {"run", suite.string(), "--out", out, "--threads", "1", "--json"});
  EXPECT_EQ(json["ok"], 4);
  const std::string page = (folder_ / "r.html").string();
  const auto report = Eyechart({"report", out, "-o", page});
  ASSERT_EQ(report.exit_code, 0) << report.err;
  const std::string html = ReadFile(page);
  EXPECT_NE(html.find("set: exported head"), std::string::npos);
  const std::size_t from = html.find("id=\"pareto\"");
  ASSERT_NE(from, std::string::npos);
  const std::string section =
      html.substr(from, html.find("</section>", from) - from);
  EXPECT_NE(section.find("ap of detectors on set, latency of "
                         "bench/set/min_queries=10,min_seconds=0 to boxes"),
            std::string::npos)
      << section;
  for (const char* name : {"labelled (exported)", "detr (exported)"})
    EXPECT_NE(section.find(name), std::string::npos) << name;
}

TEST_F(DetectExported, IsSweptBesideAnother) {
  const std::string out = (folder_ / "run").string();
  const Json json = EyechartJson({"bench",     detector_,
                                  set_,        "--nms-sweep",
                                  "--allow",   "--beside",
                                  detr_,       "--confidences",
                                  "0.001,0.6", "--ious",
                                  "0.5",       "--nms-repetitions",
                                  "1",         "--cost-pictures",
                                  "0",         "--threads",
                                  "1",         "-o",
                                  out,         "--json"});
  ASSERT_EQ(json["sweeps"].size(), 2u);
  EXPECT_EQ(json["sweeps"][0]["rows"].size(), 2u);
  EXPECT_NEAR(json["sweeps"][0]["rows"][0]["AP"].get<double>(), 1, 1e-9);
  EXPECT_EQ(json["sweeps"][1]["rows"].size(), 1u);
  EXPECT_NEAR(json["sweeps"][1]["rows"][0]["AP"].get<double>(), 1, 1e-9);
  std::set<std::string> encoders;
  for (const Record& record : ReadRecords(fs::path(out) / "records.jsonl"))
    encoders.insert(record.encoder);
  EXPECT_EQ(encoders, (std::set<std::string>{"detr", "labelled"}));
  const auto report =
      Eyechart({"report", out, "-o", (folder_ / "r.html").string()});
  EXPECT_EQ(report.exit_code, 0) << report.err;
  const std::string html = ReadFile(folder_ / "r.html");
  EXPECT_NE(html.find("detr, exported head"), std::string::npos);
}

TEST_F(DetectExported, BadFilesAreOneLineAndExitCode2) {
  Json config = ColourConfig(LabelledAnswers(true));
  config["detector"]["boxes"] = 9;
  WriteConfig(detector_, config);
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"detect", "eval", detector_, set_},
        {"detect", "predict", detector_, set_ + "/test", "-o",
         (folder_ / "x.json").string()},
        {"bench", detector_, set_ + "/test", "--allow"},
        {"bench", detector_, set_, "--nms-sweep"}}) {
    const auto run = Eyechart(arguments);
    EXPECT_EQ(run.exit_code, 2) << run.err;
    EXPECT_NE(
        run.err.find("eyechart.json: \"detector.boxes\" is 9; the program "
                     "gives 3 tensors"),
        std::string::npos)
        << run.err;
    EXPECT_EQ(std::count(run.err.begin(), run.err.end(), '\n'), 1) << run.err;
  }
}

}  // namespace
}  // namespace eyechart
