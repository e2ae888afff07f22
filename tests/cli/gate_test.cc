#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "tests/cli/process.h"
#include "tests/fixture.h"
#include "tests/reports/gate/gate_runs.h"

namespace eyechart {
namespace {

using reports::testing::Contains;
using reports::testing::RunWriter;
using reports::testing::Times;
using testing::Eyechart;
using testing::EyechartJson;
using testing::TempFolder;

class GateCommand : public ::testing::Test {
 protected:
  void SetUp() override {
    before_.AddTop1("a", Times(90, '1') + Times(10, '0'));
    same_.AddTop1("a", Times(90, '1') + Times(10, '0'));
    worse_.AddTop1("a", Times(60, '1') + Times(40, '0'));
  }
  testing::ProcessResult Gate(const RunWriter& run,
                              std::vector<std::string> more = {}) {
    std::vector<std::string> arguments = {
        "gate", run.path().string(), "--baseline", before_.path().string()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return Eyechart(arguments);
  }

  TempFolder folder_;
  RunWriter before_{folder_ / "before"};
  RunWriter same_{folder_ / "same"};
  RunWriter worse_{folder_ / "worse"};
};

TEST_F(GateCommand, ExitCodesSayWhatItFound) {
  EXPECT_EQ(Gate(same_).exit_code, 0);
  EXPECT_EQ(Gate(worse_).exit_code, 1);
  EXPECT_TRUE(Contains(Gate(worse_).out, "gate: regressed (exit code 1)"));
  RunWriter empty(folder_ / "empty");
  EXPECT_EQ(Gate(empty).exit_code, 4);
  EXPECT_EQ(Eyechart({"gate", "--baseline", before_.path().string()}).exit_code,
            2);
  const auto unknown = Gate(same_, {"--policy", (folder_ / "none").string()});
  EXPECT_EQ(unknown.exit_code, 2);
  EXPECT_TRUE(Contains(unknown.err, "none")) << unknown.err;
}

TEST_F(GateCommand, WarnsOfARuleThatFitsNoCell) {
  const std::filesystem::path policy = folder_ / "gate.toml";
  testing::WriteText(policy, "[[rule]]\ncell = \"clip/*\"\nrequired = false\n");
  const auto result = Gate(same_, {"--policy", policy.string()});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_TRUE(Contains(result.err, "cell \"clip/*\" fits none")) << result.err;
  const Json json =
      EyechartJson({"gate", same_.path().string(), "--baseline",
                    before_.path().string(), "--policy", policy.string()});
  ASSERT_EQ(json["warnings"].size(), 1u);
  const auto warning = json["warnings"][0].get<std::string>();
  EXPECT_TRUE(Contains(warning, policy.string() + ":1")) << warning;
}

TEST_F(GateCommand, TakesTheExampleOfAPolicy) {
  const auto demo =
      std::filesystem::path(testing::DemoCheckpoint("clip")).parent_path();
  const auto result =
      Gate(same_, {"--policy", (demo / "../../docs/gate.toml").string()});
  EXPECT_EQ(result.exit_code, 0) << result.err;
}

TEST_F(GateCommand, InconclusiveIsThreeWhereStrict) {
  RunWriter other(folder_ / "other");
  other.AddTop1("a", "0" + Times(89, '1') + "1" + Times(9, '0'));
  EXPECT_EQ(Gate(other).exit_code, 0);
  EXPECT_EQ(Gate(other, {"--strict"}).exit_code, 3);
}

TEST_F(GateCommand, PrintsOneJsonObject) {
  const auto result = Gate(worse_, {"--json"});
  EXPECT_EQ(result.exit_code, 1);
  const Json json = Json::parse(result.out);
  EXPECT_EQ(json["schema"], 1);
  EXPECT_EQ(json["command"], "gate");
  EXPECT_EQ(json["verdict"], "regressed");
  EXPECT_EQ(json["exit_code"], 1);
  EXPECT_EQ(json["cells"].size(), 1u);
  EXPECT_TRUE(json["warnings"].is_array());
}

TEST_F(GateCommand, UpdatesTheBaselineForAReason) {
  const auto updated = Gate(worse_, {"--update-baseline", "smaller model"});
  EXPECT_EQ(updated.exit_code, 0) << updated.err;
  EXPECT_EQ(Gate(worse_).exit_code, 0);
  const Json kept = ReadJsonFile(before_.path() / "baseline.json");
  EXPECT_EQ(kept["updates"][0]["reason"], "smaller model");
  EXPECT_EQ(kept["updates"][0]["verdict"], "regressed");
  EXPECT_EQ(Gate(worse_, {"--update-baseline", " "}).exit_code, 2);
  const std::string first = (folder_ / "first").string();
  EXPECT_EQ(Eyechart({"gate", same_.path().string(), "--baseline", first,
                      "--update-baseline", "the first"})
                .exit_code,
            0);
  EXPECT_EQ(
      Eyechart({"gate", same_.path().string(), "--baseline", first}).exit_code,
      0);
}

TEST_F(GateCommand, MeasuresTheNoiseOfRunsOfOneBuild) {
  const Json json = EyechartJson({"gate", "--baseline", before_.path().string(),
                                  "--aa", same_.path().string(), "--json"});
  EXPECT_EQ(json["noise"]["cells"].size(), 1u);
  EXPECT_TRUE(std::filesystem::exists(before_.path() / "noise.json"));
  EXPECT_EQ(Gate(same_, {"--aa", same_.path().string()}).exit_code, 2);
}

}  // namespace
}  // namespace eyechart
