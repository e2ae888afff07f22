#include "reports/probes.h"

#include <gtest/gtest.h>

#include <cmath>

#include "reports/exporter.h"
#include "tests/fixture.h"
#include "tests/reports/sample_runs.h"

namespace eyechart::reports {
namespace {

using eyechart::testing::InputErrorOf;

Json Sample(double score, std::vector<double> seeds) {
  Json json = {{"schema", 1},
               {"kind", "linear"},
               {"protocol", "dinov2-linear"},
               {"targets", "classes"},
               {"train", 90},
               {"validation", 10},
               {"test", 50},
               {"top1", score},
               {"ci", {{"low", score - 0.1}, {"high", score + 0.1}}},
               {"grid", {{{"rate", 0.1}}, {{"rate", 0.5}}}},
               {"selected",
                {{"rate", 0.5},
                 {"index", 1},
                 {"split", "validation"},
                 {"validation_top1", 0.7},
                 {"test_top1", score}}}};
  std::vector<int> numbers;
  for (std::size_t i = 0; i < seeds.size(); ++i)
    numbers.push_back(static_cast<int>(i));
  json["runs"] = {{"seeds", numbers}, {"scores", seeds}};
  return json;
}

Record ProbeRecord(const std::string& encoder, double score) {
  Record record = testing::EncodeRecord(encoder, "top1", score);
  record.task = "probe";
  record.dataset = "digits";
  record.cell = encoder + "/probe/digits/probe=linear";
  return record;
}

RunFolder SampleRun() {
  RunFolder run;
  run.path = "runs/a";
  run.name = "a";
  run.records = {ProbeRecord("worse<b>", 0.5), ProbeRecord("better", 0.75)};
  run.probes[run.records[0].cell] = Sample(0.5, {0.5, 0.52, 0.54});
  run.probes[run.records[1].cell] = Sample(0.75, {0.75, 0.76, 0.8});
  return run;
}

TEST(MakeProbeTables, SetsTheBestFirstAndPairsSeeds) {
  const std::vector<RunFolder> runs = {SampleRun()};
  const std::vector<ProbeTable> tables = MakeProbeTables(runs);
  ASSERT_EQ(tables.size(), 1u);
  EXPECT_EQ(tables[0].dataset, "digits");
  EXPECT_EQ(tables[0].protocol, "dinov2-linear");
  ASSERT_EQ(tables[0].rows.size(), 2u);
  const ProbeRow& best = tables[0].rows[0];
  EXPECT_EQ(best.encoder, "better");
  EXPECT_EQ(best.selected, "rate 0.5");
  EXPECT_FALSE(best.difference.has_value());
  const ProbeRow& other = tables[0].rows[1];
  // Differences -0.25, -0.24, -0.26.
  EXPECT_NEAR(other.difference->mean, -0.25, 1e-12);
  ASSERT_TRUE(other.difference->ci.has_value());
  EXPECT_NEAR(other.difference->ci->high - other.difference->ci->low,
              2 * 4.302652729911275 * 0.01 / std::sqrt(3.0), 1e-9);
}

TEST(MakeProbeTables, SmallErrorsOfNumbersAreTheBest) {
  std::vector<RunFolder> runs = {SampleRun()};
  for (auto& [cell, json] : runs[0].probes) {
    json["targets"] = "numbers";
    json["mae"] = json["top1"];
  }
  EXPECT_EQ(MakeProbeTables(runs)[0].rows[0].encoder, "worse<b>");
}

TEST(MakeProbeTables, NamesWhatIsDamaged) {
  std::vector<RunFolder> runs = {SampleRun()};
  Json& json = runs[0].probes[runs[0].records[1].cell];
  json.erase("selected");
  EXPECT_NE(InputErrorOf([&] { MakeProbeTables(runs); })
                .find("a: probe.json of better/probe/digits/probe=linear: key "
                      "\"selected\""),
            std::string::npos);
  json = Sample(0.5, {0.5});
  json["runs"]["scores"] = Json::array();
  EXPECT_NE(InputErrorOf([&] { MakeProbeTables(runs); }).find("for each seed"),
            std::string::npos);
}

TEST(HtmlProbes, ShowTablesAndTheMixturesCurve) {
  std::vector<RunFolder> runs = {SampleRun()};
  Json& json = runs[0].probes[runs[0].records[0].cell];
  json["kind"] = "mixture";
  json["protocol"] = "mof";
  for (const double alpha : {0.0, 0.5, 1.0})
    json["mixture"].push_back({{"read_out", "linear"},
                               {"alpha", alpha},
                               {"test_top1", 0.4 + 0.1 * alpha},
                               {"ci", {{"low", 0.3}, {"high", 0.6}}}});
  json["mixture"].push_back({{"read_out", "linear"}, {"test_top1", 0.55}});
  const std::string html = Exporter::Create("html")->Export(runs);
  EXPECT_NE(html.find("<section id=\"probes\""), std::string::npos);
  EXPECT_NE(html.find("worse&lt;b&gt;"), std::string::npos);
  EXPECT_EQ(html.find("worse<b>"), std::string::npos);
  EXPECT_NE(html.find("75.0%"), std::string::npos);
  EXPECT_NE(html.find("share of the first encoder"), std::string::npos);
  EXPECT_NE(html.find("interleaved, linear"), std::string::npos);
  EXPECT_NE(html.find("no language model behind"), std::string::npos);
}

}  // namespace
}  // namespace eyechart::reports
