#include "suite/rf100.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

namespace eyechart::suite {
namespace {

Rf100Row Row(const char* slug, const char* domain, double ap, double ap50) {
  Rf100Row row;
  row.slug = slug;
  row.domain = domain;
  row.ap = {ap};
  row.ap50 = {ap50};
  return row;
}

Rf100Row WithoutTruth(const char* slug, const char* domain) {
  Rf100Row row = Row(slug, domain, 0, 0);
  row.ap.clear();
  row.ap50.clear();
  return row;
}

TEST(Rf100, DomainsWeighTheSame) {
  Rf100Row failed = Row("d", "games", 0.9, 0.9);
  failed.error = "no picture";
  const Rf100Result result = SummarizeRf100(
      {Row("a", "aerial", 0.2, 0.4), Row("b", "games", 0.4, 0.6),
       Row("c", "games", 0.8, 0.8), failed, WithoutTruth("e", "aerial")});
  ASSERT_EQ(result.domains.size(), 2u);
  EXPECT_EQ(result.domains[0].domain, "aerial");
  EXPECT_EQ(result.domains[0].sets, 1);  // a set without truth has no score
  EXPECT_DOUBLE_EQ(result.domains[1].ap[0], 0.6);
  ASSERT_TRUE(result.sets && result.means);
  EXPECT_EQ(result.sets->sets, 3);
  EXPECT_DOUBLE_EQ(result.sets->ap[0], (0.2 + 0.4 + 0.8) / 3);
  EXPECT_DOUBLE_EQ(result.means->ap[0], (0.2 + 0.6) / 2);
  EXPECT_DOUBLE_EQ(result.means->ap50[0], (0.4 + 0.7) / 2);
}

TEST(Rf100, SeedsGiveDeviationsAndIntervals) {
  Rf100Row a = Row("a", "aerial", 0, 0), b = Row("b", "games", 0, 0),
           c = Row("c", "games", 0, 0);
  a.ap = {0.1, 0.2, 0.3};
  b.ap = {0.5, 0.5, 0.8};
  c.ap = {0.7, 0.3, 0.8};
  for (Rf100Row* row : {&a, &b, &c}) row->ap50 = row->ap;
  Rf100Result result = SummarizeRf100({a, b, c, WithoutTruth("d", "games")});
  result.seeds = {4, 5, 6};
  const Json json = Rf100ToJson(result);
  EXPECT_EQ(json["seeds"], (Json{4, 5, 6}));
  EXPECT_NEAR(json["sets"][0]["AP"], 0.2, 1e-12);
  const Json& runs = json["sets"][0]["runs"]["AP"];
  EXPECT_EQ(runs["scores"], Json(a.ap));
  EXPECT_NEAR(runs["deviation"], 0.1, 1e-12);
  // t of 2 degrees of freedom at 97.5 %: 4.302653 (any table).
  EXPECT_NEAR(runs["ci"]["low"], 0.2 - 4.302653 * 0.1 / std::sqrt(3), 1e-6);
  EXPECT_NEAR(runs["ci"]["high"], 0.2 + 4.302653 * 0.1 / std::sqrt(3), 1e-6);
  EXPECT_EQ(runs["ci"]["method"], "student-t");
  EXPECT_TRUE(json["sets"][3]["AP"].is_null());
  EXPECT_FALSE(json["sets"][3].contains("runs"));
  // Means are made seed by seed: the games' are 0.6, 0.4, 0.8.
  const Json& games = json["domains"][1];
  EXPECT_EQ(games["sets"], 2);
  EXPECT_NEAR(games["AP"], 0.6, 1e-12);
  EXPECT_NEAR(games["runs"]["AP50"]["deviation"], 0.2, 1e-12);
  // And theirs with aerial's: 0.35, 0.3, 0.55.
  const Json& means = json["mean_of_domains"];
  EXPECT_NEAR(means["AP"], 0.4, 1e-12);
  EXPECT_NEAR(means["runs"]["AP"]["deviation"], std::sqrt(0.035 / 2), 1e-12);
  EXPECT_NEAR(json["mean_of_sets"]["AP"], 4.2 / 9, 1e-12);
  // Of one seed there is no deviation.
  EXPECT_FALSE(
      Rf100ToJson(SummarizeRf100({Row("a", "b", 1, 1)}))["sets"][0].contains(
          "runs"));
}

TEST(Rf100, AFolderThatIsNoSetIsARow) {
  Rf100Row notes = Row("notes", "unknown", 0, 0);
  notes.skipped = true;
  notes.error = "no detection set";
  const Json json =
      Rf100ToJson(SummarizeRf100({Row("a", "aerial", 0.2, 0.4), notes}));
  EXPECT_EQ(json["sets"][1]["status"], "skipped");
  EXPECT_EQ(json["sets"][1]["message"], "no detection set");
  EXPECT_EQ(json["mean_of_sets"]["sets"], 1);
}

TEST(Rf100, TheTableOfRf100VlIsAReference) {
  const Json table = Rf100VlToJson();
  EXPECT_NE(table["what"].get<std::string>().find("whole detectors"),
            std::string::npos);
  // detection.md 2.4: RF-DETR-2XL 63.3.
  bool found = false;
  for (const Json& row : table["rows"])
    found |= row["model"] == "RF-DETR-2XL" && row["AP"] == 0.633 &&
             row["regime"] == "fully supervised";
  EXPECT_TRUE(found);
}

TEST(Rf100, WarningsStandWithTheirSet) {
  Rf100Row odd = Row("a", "aerial", 0.2, 0.4);
  odd.warnings = {"a, part train: annotations without a box: 1, left out"};
  const Json json =
      Rf100ToJson(SummarizeRf100({odd, Row("b", "aerial", 0.3, 0.5)}));
  EXPECT_EQ(json["sets"][0]["warnings"], Json(odd.warnings));
  EXPECT_TRUE(json["sets"][1]["warnings"].empty());
}

TEST(Rf100, PublishedColumnsStandBeside) {
  const Json json =
      Rf100ToJson(SummarizeRf100({Row("bccd-ouzjz", "microscopic", 0.5, 0.8),
                                  Row("mine", "unknown", 0.1, 0.2)}));
  // detection.md: bccd-ouzjz v5 .912, v7 .922, v8 .927, GLIP .191.
  EXPECT_DOUBLE_EQ(json["sets"][0]["published_AP50"]["yolov8s"], 0.927);
  EXPECT_TRUE(json["sets"][1]["published_AP50"].is_null());
  EXPECT_DOUBLE_EQ(json["domains"][0]["published_AP50"]["yolov5s"], 0.651);
  EXPECT_DOUBLE_EQ(json["mean_of_domains"]["published_AP50"]["yolov8s"],
                   0.7811);
  EXPECT_DOUBLE_EQ(json["mean_of_domains"]["AP50"], 0.5);
  EXPECT_EQ(json["mean_of_sets"]["published_sets"]["yolov7"], 97);
  EXPECT_EQ(json["mean_of_domains"]["published_sets"]["yolov7"], 88);
  EXPECT_TRUE(Rf100ToJson(SummarizeRf100({}))["mean_of_sets"].is_null());
}

}  // namespace
}  // namespace eyechart::suite
