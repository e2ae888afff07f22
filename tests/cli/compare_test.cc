#include <gtest/gtest.h>

#include "core/files.h"
#include "tests/cli/process.h"
#include "tests/fixture.h"
#include "tests/mining/mining_fixture.h"
#include "tests/reports/gate/gate_runs.h"

namespace eyechart {
namespace {

using reports::testing::Contains;
using reports::testing::RunWriter;
using reports::testing::Times;
using testing::Eyechart;
using testing::EyechartJson;
using testing::MakeItems;
using testing::MakeRows;
using testing::MakeStore;
using testing::Rows;
using testing::TempFolder;

TEST(CompareCommand, StoresGiveTheLadder) {
  const TempFolder folder;
  const Rows rows = MakeRows(20, 8, 2, 0.5F);
  Rows scaled = rows;
  for (auto& row : scaled)
    for (float& value : row) value *= 2;
  const std::string a = (folder / "a").string();
  const std::string b = (folder / "b").string();
  MakeStore(a, rows, MakeItems(20));
  MakeStore(b, scaled, MakeItems(20));
  EXPECT_TRUE(Contains(Eyechart({"compare", a, a}).out,
                       "highest rung that holds: bit-equal"));
  const Json json = EyechartJson({"compare", a, b, "--json"});
  EXPECT_EQ(json["schema"], 1);
  EXPECT_EQ(json["command"], "compare");
  EXPECT_EQ(json["kind"], "stores");
  EXPECT_EQ(json["rung"], "same neighbours");
  EXPECT_EQ(
      EyechartJson({"compare", a, b, "--tolerance", "1", "--json"})["rung"],
      "within tolerance");
}

TEST(CompareCommand, RunsGiveATableAndTheirStoresLadders) {
  const TempFolder folder;
  RunWriter before(folder / "before");
  RunWriter after(folder / "after");
  before.AddTop1("a", Times(90, '1') + Times(10, '0'));
  after.AddTop1("a", Times(60, '1') + Times(40, '0'));
  const Rows rows = MakeRows(20, 8, 2, 0.5F);
  for (const RunWriter* run : {&before, &after})
    MakeStore(run->path() / "artifacts" / "features" / "clip-photos", rows,
              MakeItems(20));
  const std::string a = before.path().string();
  const std::string b = after.path().string();
  const Json json = EyechartJson({"compare", a, b, "--json"});
  EXPECT_EQ(json["rows"][0]["test"], "mcnemar exact");
  EXPECT_EQ(json["stores"][0]["store"], "clip-photos");
  EXPECT_EQ(json["stores"][0]["rung"], "bit-equal");
  const std::string out = (folder / "c.md").string();
  // No verdict: a loss of 30 points is no failure of the command.
  EXPECT_EQ(Eyechart({"compare", a, b, "-o", out}).exit_code, 0);
  EXPECT_TRUE(Contains(ReadFile(out), "mcnemar exact"));
}

TEST(CompareCommand, MistakesAreSaid) {
  const TempFolder folder;
  RunWriter run(folder / "run");
  run.AddTop1("a", "10");
  const std::string store = (folder / "store").string();
  MakeStore(store, MakeRows(4, 8, 2, 0.5F), MakeItems(4));
  const std::string name = run.path().string();
  const auto mixed = Eyechart({"compare", name, store});
  EXPECT_EQ(mixed.exit_code, 2);
  EXPECT_TRUE(Contains(mixed.err, "the other a feature store")) << mixed.err;
  const std::string none = (folder / "none").string();
  EXPECT_EQ(Eyechart({"compare", name, none}).exit_code, 2);
  EXPECT_EQ(Eyechart({"compare", name, name, "-o", "x.html"}).exit_code, 2);
  EXPECT_EQ(Eyechart({"compare", store, store, "--sample", "0"}).exit_code, 2);
}

}  // namespace
}  // namespace eyechart
