#include <gtest/gtest.h>

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

class ExplainCommand : public ::testing::Test {
 protected:
  ExplainCommand() {
    before_.AddTop1("clip/knn/photos/k=10", Times(90, '1') + Times(10, '0'));
    run_.AddTop1("clip/knn/photos/k=10", Times(60, '1') + Times(40, '0'));
    run_.AddTop1("clip/linear/photos/default", Times(9, '1'));
  }
  TempFolder folder_;
  RunWriter before_{folder_ / "before"};
  RunWriter run_{folder_ / "run"};
};

TEST_F(ExplainCommand, SaysHowAResultCameAbout) {
  const auto result = Eyechart({"explain", "knn", "--run", run_.path().string(),
                                "--baseline", before_.path().string()});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  for (const char* part : {"clip/knn/photos/k=10", "regressed", "mcnemar exact",
                           "--filter 'clip/knn/photos/k=10'"})
    EXPECT_TRUE(Contains(result.out, part)) << part << "\n" << result.out;
}

TEST_F(ExplainCommand, PrintsOneJsonObject) {
  const Json json = EyechartJson({"explain", "*/linear/*", "--run",
                                  run_.path().string(), "--metric", "top1"});
  EXPECT_EQ(json["schema"], 1);
  EXPECT_EQ(json["command"], "explain");
  EXPECT_EQ(json["cell"], "clip/linear/photos/default");
  EXPECT_EQ(json["outcomes"]["items"], 9);
  EXPECT_TRUE(json["baseline"].is_null());
}

TEST_F(ExplainCommand, NamesTheNearestCells) {
  const auto unknown = Eyechart(
      {"explain", "clip/knn/photo/k=11", "--run", run_.path().string()});
  EXPECT_EQ(unknown.exit_code, 2);
  EXPECT_TRUE(Contains(unknown.err, "clip/knn/photos/k=10")) << unknown.err;
  EXPECT_EQ(
      Eyechart({"explain", "clip", "--run", run_.path().string()}).exit_code,
      2);
  EXPECT_EQ(Eyechart({"explain", "knn", "--run", (folder_ / "none").string()})
                .exit_code,
            2);
  EXPECT_EQ(Eyechart({"explain", "knn", "--run", run_.path().string(),
                      "--metric", "top9"})
                .exit_code,
            2);
}

}  // namespace
}  // namespace eyechart
