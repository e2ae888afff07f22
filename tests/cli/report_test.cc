// `report`, `gate --report` and `run --sink` through the built binary.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "core/files.h"
#include "tests/cli/pictures.h"
#include "tests/cli/process.h"
#include "tests/fixture.h"
#include "tests/reports/gate/gate_runs.h"

namespace eyechart {
namespace {

namespace fs = std::filesystem;
using reports::testing::Contains;
using reports::testing::RunWriter;
using reports::testing::Times;
using testing::Eyechart;
using testing::EyechartJson;

class ReportCommand : public ::testing::Test {
 protected:
  void SetUp() override {
    before_.AddTop1("a", Times(90, '1') + Times(10, '0'));
    after_.AddTop1("a", Times(50, '1') + Times(50, '0'));
  }
  std::string At(const std::string& name) const {
    return (folder_ / name).string();
  }
  std::string Text(const std::string& name) const {
    return ReadFile(folder_ / name);
  }

  const testing::TempFolder folder_;
  RunWriter before_{folder_ / "before"};
  RunWriter after_{folder_ / "after"};
};

TEST_F(ReportCommand, WritesSeveralFormatsAtOnce) {
  const Json json =
      EyechartJson({"report", before_.path().string(), "-o", At("r.html"), "-o",
                    At("r.xml"), "-o", "badge=" + At("b.json"), "--json"});
  ASSERT_EQ(json["files"].size(), 3u);
  EXPECT_EQ(json["files"][1]["format"], "junit");
  EXPECT_TRUE(Contains(Text("r.html"), "<!doctype html>"));
  EXPECT_TRUE(Contains(Text("r.xml"), "<testsuite"));
  EXPECT_EQ(Json::parse(Text("b.json"))["schemaVersion"], 1);
  // One that cannot be: nothing is written.
  const auto refused = Eyechart({"report", before_.path().string(), "-o",
                                 At("new.md"), "-o", At("what.docx")});
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_TRUE(Contains(refused.err, "what.docx")) << refused.err;
  EXPECT_FALSE(fs::exists(folder_ / "new.md"));
}

TEST_F(ReportCommand, PutsPublishedNumbersBeside) {
  const auto made =
      Eyechart({"report", before_.path().string(), "--reference", "mmvp-vlm",
                "-o", At("r.md"), "-o", At("r.html")});
  EXPECT_EQ(made.exit_code, 0) << made.err;
  for (const char* name : {"r.md", "r.html"})
    EXPECT_TRUE(Contains(Text(name), "Tong et al")) << name;
  const auto unknown = Eyechart({"report", before_.path().string(),
                                 "--reference", "mmvp-vml", "-o", At("x.md")});
  EXPECT_EQ(unknown.exit_code, 2);
  EXPECT_TRUE(Contains(unknown.err, "mmvp-vlm")) << unknown.err;
  // A format without a place for them would leave them out in silence.
  const auto csv = Eyechart({"report", before_.path().string(), "--reference",
                             "mmvp-vlm", "-o", At("x.csv")});
  EXPECT_EQ(csv.exit_code, 2);
}

TEST_F(ReportCommand, ShowsTheTrendsOfAHistory) {
  EXPECT_EQ(Eyechart({"history", "add", before_.path().string(),
                      after_.path().string(), "--db", At("h.sqlite")})
                .exit_code,
            0);
  const auto made = Eyechart({"report", after_.path().string(), "--history",
                              At("h.sqlite"), "-o", At("r.html")});
  EXPECT_EQ(made.exit_code, 0) << made.err;
  EXPECT_TRUE(Contains(Text("r.html"), "id=\"history\""));
}

TEST_F(ReportCommand, GateWritesItsVerdictsDown) {
  const auto gate =
      Eyechart({"gate", after_.path().string(), "--baseline",
                before_.path().string(), "--report", At("g.xml"), "--report",
                "sarif=" + At("g.json"), "--report", "github=-"});
  EXPECT_EQ(gate.exit_code, 1);
  EXPECT_TRUE(Contains(gate.out, "::error ")) << gate.out;
  EXPECT_TRUE(Contains(Text("g.xml"), "<failure"));
  EXPECT_EQ(Json::parse(Text("g.json"))["version"], "2.1.0");
}

TEST_F(ReportCommand, ARunFeedsItsSinks) {
  testing::WritePictures(folder_ / "photos", 4);
  testing::WriteText(
      folder_ / "s.toml",
      "[suite]\nname = \"s\"\n[[encoder]]\nname = \"clip\"\nmodel = \"" +
          testing::DemoCheckpoint("clip") +
          "\"\n[[dataset]]\nname = \"photos\"\nkind = \"folder\"\n"
          "root = \"photos\"\n[[task]]\nkind = \"encode\"\n");
  const std::vector<std::string> run = {"run",     At("s.toml"), "--out",
                                        At("run"), "--sink",     At("s.csv"),
                                        "--sink",  At("s.md")};
  ASSERT_EQ(Eyechart(run).exit_code, 0);
  const std::string csv = Text("s.csv");
  const std::string records = ReadFile(folder_ / "run" / "records.jsonl");
  // A row a record below the header.
  EXPECT_EQ(std::count(csv.begin(), csv.end(), '\n'),
            std::count(records.begin(), records.end(), '\n') + 1);
  EXPECT_TRUE(Contains(Text("s.md"), "# eyechart report"));
  // Cells of a resumed run are in them too.
  fs::remove(folder_ / "s.csv");
  ASSERT_EQ(Eyechart(run).exit_code, 0);
  EXPECT_EQ(Text("s.csv"), csv);
}

}  // namespace
}  // namespace eyechart
