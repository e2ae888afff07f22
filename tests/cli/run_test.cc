#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <set>

#include "core/files.h"
#include "core/record.h"
#include "tests/cli/pictures.h"
#include "tests/cli/process.h"
#include "tests/fixture.h"

namespace eyechart {
namespace {

namespace fs = std::filesystem;
using testing::DemoCheckpoint;
using testing::Eyechart;
using testing::EyechartJson;

class RunCommand : public ::testing::Test {
 protected:
  RunCommand() {
    testing::WritePictures(folder_ / "photos", 10);
    testing::WriteText(
        suite_,
        "[suite]\nname = \"s\"\n"
        "[[encoder]]\nname = \"clip\"\nmodel = \"" +
            DemoCheckpoint("clip") +
            "\"\n[[encoder]]\nname = \"dino\"\nmodel = \"" +
            DemoCheckpoint("dinov2") +
            "\"\n[[dataset]]\nname = \"photos\"\nkind = \"folder\"\n"
            "root = \"photos\"\n"
            "[[task]]\nkind = \"encode\"\n"
            "[[task]]\nkind = \"mine\"\nnear = \"clip\"\n"
            "far = \"dino\"\nnear_min = 0.3\nfar_max = 0.95\n");
  }

  std::vector<std::string> Run(std::vector<std::string> more = {}) {
    std::vector<std::string> arguments = {"run", suite_.string(), "--out",
                                          out_.string()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }

  std::vector<Record> Records() { return ReadRecords(out_ / "records.jsonl"); }

  const testing::TempFolder folder_;
  const fs::path suite_ = folder_ / "s.toml";
  const fs::path out_ = folder_ / "run";
};

TEST_F(RunCommand, RecordsEveryCellAndReports) {
  const Json json = EyechartJson(Run());
  EXPECT_EQ(json["cells"], 3);
  EXPECT_EQ(json["ok"], 3);
  std::map<std::string, std::set<std::string>> metrics;
  for (const Record& record : Records()) {
    metrics[record.cell].insert(record.metric);
    EXPECT_EQ(record.run, "run");
    EXPECT_EQ(record.status, RecordStatus::kOk) << record.message;
    EXPECT_FALSE(record.weights_sha256.empty());
    EXPECT_FALSE(record.preprocess_sha256.empty());
    EXPECT_FALSE(record.dataset_sha256.empty());
    EXPECT_FALSE(record.environment.empty());
  }
  ASSERT_EQ(metrics.size(), 3u);
  EXPECT_TRUE(
      metrics["clip/encode/photos/default"].contains("encode_throughput"));
  EXPECT_TRUE(
      metrics["clip~dino/mine/photos/far_max=0.95,near_min=0.3"].contains(
          "blind_share"));
  const Json environment = ReadJsonFile(out_ / "environment.json");
  EXPECT_EQ(environment["device"], "as in the suite");
  EXPECT_EQ(environment["gpus"], Json::array());
  EXPECT_TRUE(environment["hardware"].contains("governors"));
  EXPECT_TRUE(environment["build"].contains("allocator"));
  EXPECT_TRUE(environment["libraries"].contains("faiss"));
  EXPECT_EQ(ReadFile(out_ / "suite.toml"), ReadFile(suite_));
  for (const char* file : {"r.html", "r.md", "r.csv", "r.jsonl"}) {
    const auto report =
        Eyechart({"report", out_.string(), "-o", (folder_ / file).string()});
    EXPECT_EQ(report.exit_code, 0) << report.err;
    EXPECT_NE(ReadFile(folder_ / file).find("near_min"), std::string::npos)
        << file;
  }
  EXPECT_NE(ReadFile(folder_ / "r.html").find("data:image/"),
            std::string::npos);
}

TEST_F(RunCommand, ResumesWithoutDoingAnythingAgain) {
  EyechartJson(Run({"--filter", "*/encode/*"}));
  const auto before = Records();
  const Json json = EyechartJson(Run());
  EXPECT_EQ(json["done_before"], 2);
  EXPECT_EQ(json["ok"], 1);
  const auto after = Records();
  ASSERT_GT(after.size(), before.size());
  for (std::size_t i = 0; i < before.size(); ++i)
    EXPECT_EQ(RecordToLine(after[i]), RecordToLine(before[i]));
  const Json fresh = EyechartJson(Run({"--fresh"}));
  EXPECT_EQ(fresh["done_before"], 0);
  EXPECT_EQ(fresh["ok"], 3);
}

TEST_F(RunCommand, SharesCellsOutToShards) {
  const Json one = EyechartJson(Run({"--shard", "1/2"}));
  const Json two = EyechartJson(Run({"--shard", "2/2"}));
  EXPECT_EQ(one["cells"].get<int>() + two["cells"].get<int>(), 3);
  EXPECT_EQ(EyechartJson(Run())["done_before"], 3);
  EXPECT_EQ(Eyechart(Run({"--shard", "3/2"})).exit_code, 2);
  EXPECT_EQ(Eyechart(Run({"--filter", "nothing"})).exit_code, 2);
}

TEST_F(RunCommand, GoesOnPastAFailingCellAndEndsWithSix) {
  std::string text = ReadFile(suite_);
  text += "[[encoder]]\nname = \"gone\"\nmodel = \"org/gone\"\n";
  testing::WriteText(suite_, text);
  const auto result = Eyechart(Run());
  EXPECT_EQ(result.exit_code, 6) << result.err;
  EXPECT_NE(result.out.find("failed   gone/encode/photos/default"),
            std::string::npos)
      << result.out;
  int errors = 0;
  for (const Record& record : Records()) {
    if (record.status != RecordStatus::kError) continue;
    ++errors;
    EXPECT_NE(record.message.find("hf download"), std::string::npos);
  }
  EXPECT_EQ(errors, 1);
  EXPECT_EQ(Records().size(), 2 * 3 + 4 + 1u);
}

TEST_F(RunCommand, RefusesARunOfAnotherSuite) {
  EyechartJson(Run());
  testing::WriteText(suite_, ReadFile(suite_) + "# changed\n");
  const auto result = Eyechart(Run());
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_NE(result.err.find("another suite"), std::string::npos);
}

}  // namespace
}  // namespace eyechart
