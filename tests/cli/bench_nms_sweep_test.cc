// `eyechart bench --nms-sweep` through the built binary.
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "core/csv.h"
#include "core/files.h"
#include "core/hash.h"
#include "core/json.h"
#include "core/record.h"
#include "core/statistics.h"
#include "tests/cli/process.h"
#include "tests/fixture.h"
#include "tests/probes/detection/transfer/coloured_boxes.h"

namespace eyechart {
namespace {

namespace fs = std::filesystem;
using detection::testing::ColouredBoxes;
using detection::testing::WriteRoboflow;
using testing::DemoCheckpoint;
using testing::Eyechart;
using testing::EyechartJson;
using testing::TempFolder;

class NmsSweepCommand : public ::testing::Test {
 protected:
  std::string Train(const std::string& head) {
    const std::string out = (folder_ / head).string();
    const auto made =
        Eyechart({"detect",     "train", model_,         set_.string(),
                  "--head",     head,    "--width",      "32",
                  "--layers",   "1",     "--steps",      "20",
                  "--looks",    "1",     "--bootstrap",  "0",
                  "--variants", "1",     "--warmup",     "3",
                  "--average",  "0.9",   "--validation", "0",
                  "--threads",  "1",     "-o",           out});
    EXPECT_EQ(made.exit_code, 0) << made.err;
    return out + "/detector";
  }

  // The command that the run folder tells sweeps the same again.
  void ExpectRepeats(const fs::path& run, const Json& before) const {
    const std::string line =
        ReadJsonFile(run / "environment.json")["command"].get<std::string>();
    std::istringstream in(line);
    std::vector<std::string> words;
    for (std::string word; in >> word;) words.push_back(word);
    ASSERT_GT(words.size(), 3u) << line;
    EXPECT_EQ(words[0], "eyechart");
    EXPECT_EQ(words.back(), "NEW_FOLDER");
    words.erase(words.begin());
    words.back() = (folder_ / "again").string();
    words.emplace_back("--json");
    const Json again = EyechartJson(words);
    ASSERT_EQ(again["sweeps"].size(), before["sweeps"].size()) << line;
    EXPECT_EQ(again["part"], before["part"]);
    for (std::size_t i = 0; i < before["sweeps"].size(); ++i) {
      const Json& one = before["sweeps"][i];
      const Json& other = again["sweeps"][i];
      EXPECT_EQ(other["options"], one["options"]) << line;
      EXPECT_EQ(other["head"], one["head"]);
      EXPECT_EQ(other["rows"][0]["AP"], one["rows"][0]["AP"]);
      EXPECT_EQ(other["rows"][0]["ap_ci"], one["rows"][0]["ap_ci"]);
    }
    EXPECT_EQ(ReadJsonFile(folder_ / "again" / "environment.json")["command"],
              line);
  }

  // A file a detector's cell, from which the first row's time comes again.
  static void ExpectSamples(const fs::path& run, const Json& printed) {
    std::set<std::string> files;
    for (const Record& record : ReadRecords(run / "records.jsonl")) {
      const fs::path file = run / "samples" / (CellSlug(record.cell) + ".csv");
      if (fs::exists(file)) files.insert(file.string());
    }
    ASSERT_EQ(files.size(), printed["sweeps"].size());
    bool found = false;
    for (const std::string& file : files) {
      const CsvTable table = CsvTable::ReadFile(file);
      // What pairs and resamples latencies is not to take these for such.
      EXPECT_FALSE(table.FindColumn("latency_ns").has_value());
      std::map<std::string, std::vector<double>> times;
      for (std::size_t row = 0; row < table.rows(); ++row)
        if (table.at(row, table.Column("stage")) == "nms" &&
            table.at(row, table.Column("confidence")) == "0.01" &&
            table.at(row, table.Column("iou")) == "0.5")
          times[table.at(row, table.Column("picture"))].push_back(
              std::stod(table.at(row, table.Column("ns"))));
      if (times.empty()) continue;  // a head without suppression
      found = true;
      std::vector<double> medians;
      for (const auto& [picture, values] : times)
        medians.push_back(Median(values));
      EXPECT_EQ(medians.size(), 8u);
      EXPECT_DOUBLE_EQ(
          printed["sweeps"][0]["rows"][0]["nms_ns"]["median"]["value"],
          Median(medians));
    }
    EXPECT_TRUE(found);
  }

  // Every record has the hash of its own head's weights, beside its cell's
  // name and not in it. `heads`: kind to folder.
  static void ExpectHeads(const fs::path& run,
                          const std::map<std::string, std::string>& heads) {
    std::set<std::string> hashes;
    for (const Record& record : ReadRecords(run / "records.jsonl")) {
      const std::string hash = Sha256File(
          fs::path(heads.at(record.setting.at("head"))) / "head.safetensors");
      const auto said = record.setting.find("detector_sha256");
      ASSERT_NE(said, record.setting.end()) << record.cell;
      EXPECT_EQ(said->second, hash) << record.cell;
      EXPECT_EQ(record.cell.find("sha256"), std::string::npos) << record.cell;
      hashes.insert(hash);
    }
    EXPECT_EQ(hashes.size(), heads.size());
  }

  TempFolder folder_;
  fs::path set_ = folder_ / "set";
  std::string model_ = DemoCheckpoint("dinov2");
};

TEST_F(NmsSweepCommand, SweepsTwoHeadsAndLeavesAFolderToReport) {
  WriteRoboflow(set_ / "train", ColouredBoxes(set_ / "train", 16, 1));
  WriteRoboflow(set_ / "test", ColouredBoxes(set_ / "test", 8, 2));
  const std::string dense = Train("dense"), set = Train("set");
  const std::string out = (folder_ / "run").string();
  const std::vector<std::string> arguments = {"bench",
                                              model_,
                                              set_.string(),
                                              "--nms-sweep",
                                              "--detector",
                                              dense,
                                              "--beside",
                                              set,
                                              "--confidences",
                                              "0.1,0.01",
                                              "--ious",
                                              "0.5,0.7",
                                              "--cost-pictures",
                                              "2",
                                              "--threads",
                                              "1",
                                              "--seed",
                                              "5",
                                              "--bootstrap",
                                              "20",
                                              "--max-boxes",
                                              "50",
                                              "--nms",
                                              "opencv",
                                              "--nms-classes",
                                              "agnostic",
                                              "--part",
                                              "test",
                                              "--allow",
                                              "-o",
                                              out};
  std::vector<std::string> with_json = arguments;
  with_json.push_back("--json");
  const Json json = EyechartJson(with_json);
  EXPECT_EQ(json["scenario"], "nms-sweep");
  ASSERT_EQ(json["sweeps"].size(), 2u);
  EXPECT_EQ(json["sweeps"][0]["rows"].size(), 4u);
  EXPECT_EQ(json["sweeps"][0]["pictures"], 8);
  EXPECT_EQ(json["sweeps"][0]["rows"][0]["confidence"], 0.01);
  EXPECT_EQ(json["sweeps"][0]["options"]["semantics"], "opencv");
  EXPECT_EQ(json["sweeps"][0]["options"]["classes"], "agnostic");
  ASSERT_EQ(json["sweeps"][1]["rows"].size(), 1u);
  EXPECT_TRUE(json["sweeps"][1]["rows"][0]["iou"].is_null());
  // The machine that tests run on is busy: that it was is a warning.
  EXPECT_EQ(json["valid"], true);
  EXPECT_EQ(json["reasons"], Json::array());
  for (const Json& sweep : json["sweeps"]) {
    EXPECT_EQ(sweep["valid"], true);
    EXPECT_TRUE(sweep["meanwhile"].contains("load1")) << sweep["meanwhile"];
  }
  ExpectSamples(out, json);
  ExpectRepeats(out, json);
  for (const Record& record : ReadRecords(fs::path(out) / "records.jsonl")) {
    // A head without suppression has none.
    const bool suppressed = record.setting.contains("nms_iou");
    EXPECT_EQ(record.setting.contains("nms"), suppressed) << record.cell;
    EXPECT_EQ(record.cell.find("nms=opencv") != std::string::npos, suppressed)
        << record.cell;
  }
  ExpectHeads(out, {{"dense", dense}, {"set", set}});
  // Six records of the best row and six of each row.
  EXPECT_EQ(ReadRecords(fs::path(out) / "records.jsonl").size(),
            6u * (1 + 4) + 6u * (1 + 1));
  const auto report =
      Eyechart({"report", out, "-o", (folder_ / "r.html").string()});
  EXPECT_EQ(report.exit_code, 0) << report.err;
  EXPECT_NE(ReadFile(folder_ / "r.html").find("id=\"nms\""), std::string::npos);
}

TEST_F(NmsSweepCommand, WhatIsMissingIsNamed) {
  const auto none = Eyechart({"bench", model_, set_.string(), "--nms-sweep"});
  EXPECT_EQ(none.exit_code, 2);
  EXPECT_NE(none.err.find("--detector"), std::string::npos) << none.err;
  const auto bad = Eyechart({"bench", model_, set_.string(), "--nms-sweep",
                             "--detector", folder_.path().string()});
  EXPECT_EQ(bad.exit_code, 2);
  EXPECT_NE(bad.err.find("detector.json"), std::string::npos) << bad.err;
  for (const auto& [flag, value] : std::map<std::string, std::string>{
           {"--nms", "soft"}, {"--nms-iou", "1.5"}}) {
    const auto wrong =
        Eyechart({"bench", model_, set_.string(), "--nms-sweep", flag, value});
    EXPECT_EQ(wrong.exit_code, 2);
    EXPECT_NE(wrong.err.find(flag + " " + value), std::string::npos)
        << wrong.err;
  }
}

}  // namespace
}  // namespace eyechart
