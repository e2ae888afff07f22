#include "reports/confusion_picture.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "reports/exporter.h"
#include "reports/html_parts.h"
#include "tests/fixture.h"
#include "tests/reports/sample_runs.h"

namespace eyechart::reports {
namespace {

using ::eyechart::testing::InputErrorOf;
using testing::CountOf;

constexpr char kCell[] = "clip/detect/boxes/default";

RunFolder RunWith(const Json& matrix) {
  RunFolder run;
  run.name = "night";
  Record record;
  record.encoder = "clip<b>";
  record.cell = kCell;
  record.task = "detect";
  record.dataset = "boxes";
  SetMetric(record, "ap", 0.2);
  run.records.push_back(record);
  run.detections[kCell] = {
      {"head", "dense"},      {"stages", "last"},
      {"train", 90},          {"test", 40},
      {"parameters", 1000},   {"stats", {{"AP", 0.2}}},
      {"ci", Json::object()}, {"runs", {{"seeds", {0}}, {"scores", {0.2}}}},
      {"log", Json::array()}};
  if (!matrix.is_null()) run.detections[kCell]["confusion_matrix"] = matrix;
  return run;
}

// Of ten cats six are found as cats, three as dogs and one is missed; two dogs
// are on nothing.
Json CatsAndDogs() {
  return {{"iou", 0.5},
          {"min_score", 0.3},
          {"classes", {"cat", "dog & fox"}},
          {"counts", {{0, 0, 6}, {0, 1, 3}, {0, 2, 1}, {2, 1, 2}}}};
}

// `classes` classes, one found as the next once, and `worst` as the first nine
// times.
Json ManyClasses(std::size_t classes, std::size_t worst) {
  Json names = Json::array(), counts = Json::array();
  for (std::size_t i = 0; i < classes; ++i) {
    names.push_back(fmt::format("class {}", i));
    counts.push_back({i, i, 5});
  }
  counts.push_back({3, 4, 1});
  counts.push_back({worst, 0, 9});
  return {
      {"iou", 0.5}, {"min_score", 0.3}, {"classes", names}, {"counts", counts}};
}

std::string PictureOf(const RunFolder& run) {
  const HtmlPage page({&run, 1});
  return ConfusionPictureHtml(page, page.detections.at(0).rows.at(0));
}

TEST(ConfusionPictureHtml, ShadesCountsByTheirPartOfTheRow) {
  const RunFolder run = RunWith(CatsAndDogs());
  const std::string html = PictureOf(run);
  for (const char* title :
       {"<title>cat found as cat: 6 of 10 (60.0%)</title>"
        "<rect class=\"right\"",
        "<title>cat found as dog &amp; fox: 3 of 10 (30.0%)</title>"
        "<rect class=\"wrong\"",
        "<title>cat missed: 1 of 10 (10.0%)</title><rect class=\"wrong\"",
        "<title>dog &amp; fox on nothing: 2 of 2 (100.0%)</title>"
        "<rect class=\"wrong\""})
    EXPECT_NE(html.find(title), std::string::npos) << title << "\n" << html;
  // 0.06 of a shade, and the row's part of the 0.39 up to the whole row's.
  for (const char* shade : {"\"0.294\"", "\"0.177\"", "\"0.099\"", "\"0.450\""})
    EXPECT_EQ(CountOf(html, std::string("fill-opacity=") + shade), 1u) << shade;
  // What has no count has no cell: a frame and four.
  EXPECT_EQ(CountOf(html, "<rect"), 5u);
  // Names on both sides, background with them.
  EXPECT_EQ(CountOf(html, ">background<title>"), 2u);
  EXPECT_EQ(html.find("<b>"), std::string::npos);
  EXPECT_NE(html.find("score of 0.3"), std::string::npos);
  EXPECT_EQ(html.find("left out"), std::string::npos);
}

// Cells of a column stand under one another, a row's beside.
TEST(ConfusionPictureHtml, RowsAreTruths) {
  const RunFolder run = RunWith(CatsAndDogs());
  const std::string html = PictureOf(run);
  const auto place = [&](const std::string& what) {
    const std::size_t at = html.find("<title>" + what);
    const auto number = [&](const char* key) {
      return std::stod(html.substr(html.find(key, at) + 4));
    };
    return std::pair(number(" x=\""), number(" y=\""));
  };
  EXPECT_EQ(place("cat found as cat").second, place("cat found as dog").second);
  EXPECT_EQ(place("dog &amp; fox on").first, place("cat found as dog").first);
  EXPECT_GT(place("dog &amp; fox on").second, place("cat found as dog").second);
  EXPECT_GT(place("cat missed").first, place("cat found as dog").first);
}

TEST(ConfusionPictureHtml, OfManyClassesTheMostConfused) {
  const RunFolder run = RunWith(ManyClasses(80, 70));
  const std::string html = PictureOf(run);
  EXPECT_NE(html.find("Shown are the 24 of 80 classes that are most often "
                      "confused; 56 are left out, and with them 0 of the 10 "
                      "boxes that were taken for another class."),
            std::string::npos)
      << html;
  // The diagonal of those shown, the two confusions and the frame.
  EXPECT_EQ(CountOf(html, "<rect"), 24u + 2 + 1);
  EXPECT_NE(html.find("class 70 found as class 0: 9 of 14 (64.3%)"),
            std::string::npos);
  EXPECT_EQ(html.find("class 71"), std::string::npos);
  EXPECT_EQ(PictureOf(RunWith(ManyClasses(24, 20))).find("left out"),
            std::string::npos);
}

TEST(ConfusionPictureHtml, CountsWhatIsLeftOut) {
  Json matrix = ManyClasses(30, 29);
  // More pairs than there is room for: 28 classes, once each.
  for (std::size_t i = 4; i < 28; i += 2)
    matrix["counts"].push_back({i + 1, i, 1});
  const std::string html = PictureOf(RunWith(matrix));
  // Of 22 boxes; the 24 classes are 0, 29, 4 (twice), 3 and 5 to 24, so that of
  // (25, 24) and (27, 26) no cell is whole.
  EXPECT_NE(html.find("6 are left out, and with them 2 of the 22 boxes"),
            std::string::npos)
      << html;
}

TEST(ConfusionPictureHtml, WithoutAMatrixThereIsNone) {
  EXPECT_EQ(PictureOf(RunWith(nullptr)), "");
  Json empty = CatsAndDogs();
  empty["counts"] = Json::array();
  EXPECT_EQ(PictureOf(RunWith(empty)), "");
}

TEST(ConfusionPictureHtml, StandsOnThePage) {
  const RunFolder run = RunWith(CatsAndDogs());
  const std::string html = Exporter::Create("html")->Export({&run, 1});
  EXPECT_EQ(CountOf(html, "<svg class=\"confusion\""), 1u);
  const RunFolder none = RunWith(nullptr);
  EXPECT_EQ(CountOf(Exporter::Create("html")->Export({&none, 1}),
                    "<svg class=\"confusion\""),
            0u);
}

TEST(MostConfusedClasses, CountsBothSidesAndThenBackground) {
  ConfusionMatrix matrix;
  matrix.classes = {"a", "b", "c", "d", "e"};
  matrix.counts = {{{0, 0}, 100}, {{3, 1}, 2}, {{2, 5}, 4}, {{5, 4}, 3}};
  using Places = std::vector<std::size_t>;
  EXPECT_EQ(MostConfusedClasses(matrix, 2), (Places{1, 3}));
  EXPECT_EQ(MostConfusedClasses(matrix, 3), (Places{1, 2, 3}));
  EXPECT_EQ(MostConfusedClasses(matrix, 4), (Places{1, 2, 3, 4}));
  EXPECT_EQ(MostConfusedClasses(matrix, 9), (Places{0, 1, 2, 3, 4}));
}

TEST(MakeDetectionTables, ADamagedMatrixIsNamed) {
  for (const Json& counts :
       {Json("none"), Json::array({1}), Json::array({{0, 1}}),
        Json::array({{0, 1, 0}}), Json::array({{0, 1, -1}}),
        Json::array({{0, 3, 1}}), Json::array({{-1, 0, 1}}),
        Json::array({{2, 2, 1}}), Json::array({{0, 1, 1.5}}),
        Json::array({{0, 1, 1}, {0, 1, 2}})}) {
    Json matrix = CatsAndDogs();
    matrix["counts"] = counts;
    const RunFolder run = RunWith(matrix);
    EXPECT_NE(InputErrorOf([&] {
                MakeDetectionTables({&run, 1});
              })
                  .find("night: detect.json of clip/detect/boxes/default: "
                        "\"confusion_matrix\""),
              std::string::npos)
        << counts;
  }
  for (const char* key : {"iou", "min_score", "classes", "counts"}) {
    Json matrix = CatsAndDogs();
    matrix.erase(key);
    const RunFolder run = RunWith(matrix);
    EXPECT_NE(InputErrorOf([&] {
                MakeDetectionTables({&run, 1});
              }).find(key),
              std::string::npos)
        << key;
  }
}

}  // namespace
}  // namespace eyechart::reports
