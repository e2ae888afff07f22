// `eyechart coco-eval` through the built binary, on four detections whose
// figures can be told by hand. That they are pycocotools' is oracle/coco_eval's
// to say.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "core/csv.h"
#include "core/files.h"
#include "core/json.h"
#include "tests/cli/process.h"
#include "tests/fixture.h"

namespace eyechart {
namespace {

namespace fs = std::filesystem;
using testing::Eyechart;
using testing::EyechartJson;
using testing::TempFolder;
using testing::WriteText;

bool Has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

Json TruthOf(int id, int image, int category, const Json& box) {
  return {{"id", id},
          {"image_id", image},
          {"category_id", category},
          {"bbox", box},
          {"area", box[2].get<double>() * box[3].get<double>()},
          {"iscrowd", 0}};
}

Json FoundOf(int image, int category, const Json& box, double score) {
  return {{"image_id", image},
          {"category_id", category},
          {"bbox", box},
          {"score", score}};
}

// A small cat found exactly, a large one found with IoU 0.82, a dog that is
// taken for a cat, and a dog made up.
class CocoEvalCommand : public ::testing::Test {
 protected:
  CocoEvalCommand() {
    const Json truth = {
        {"images",
         {{{"id", 1}, {"width", 200}, {"height", 200}, {"file_name", "1.jpg"}},
          {{"id", 2},
           {"width", 200},
           {"height", 200},
           {"file_name", "2.jpg"}}}},
        {"categories",
         {{{"id", 1}, {"name", "cat"}}, {{"id", 2}, {"name", "dog"}}}},
        {"annotations",
         {TruthOf(1, 1, 1, {0, 0, 10, 10}),
          TruthOf(2, 1, 2, {100, 100, 50, 50}),
          TruthOf(3, 2, 1, {0, 0, 100, 100})}}};
    const Json found = Json::array({FoundOf(1, 1, {0, 0, 10, 10}, 0.9),
                                    FoundOf(2, 1, {0, 0, 82, 100}, 0.8),
                                    FoundOf(1, 1, {100, 100, 50, 50}, 0.7),
                                    FoundOf(2, 2, {150, 150, 20, 20}, 0.6)});
    truth_ = truth.dump();
    found_ = found.dump();
    WriteText(folder_ / "truth.json", truth_);
    WriteText(folder_ / "found.json", found_);
  }

  std::vector<std::string> Arguments(
      const std::vector<std::string>& more) const {
    std::vector<std::string> arguments = {"coco-eval",
                                          (folder_ / "truth.json").string(),
                                          (folder_ / "found.json").string()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }

  std::string Refused(const std::vector<std::string>& more = {}) const {
    return testing::Refused(Arguments(more));
  }

  TempFolder folder_;
  std::string truth_, found_;
};

// The large cat counts at seven of ten overlaps; without it 51 of 101 points of
// recall are reached.
constexpr double kCatAp = (7 + 3 * 51.0 / 101) / 10;

TEST_F(CocoEvalCommand, EveryClassHasItsAreas) {
  const Json json = EyechartJson(Arguments({}));
  EXPECT_NEAR(json["stats"]["AP"].get<double>(), kCatAp / 2, 1e-12);
  ASSERT_EQ(json["per_class"].size(), 2u);
  const Json& cat = json["per_class"][0];
  EXPECT_EQ(cat["name"], "cat");
  EXPECT_NEAR(cat["AP"].get<double>(), kCatAp, 1e-12);
  EXPECT_NEAR(cat["AP50"].get<double>(), 1, 1e-12);
  ASSERT_EQ(cat["areas"].size(), 3u);
  EXPECT_NEAR(cat["areas"]["small"]["AP"].get<double>(), 1, 1e-12);
  EXPECT_NEAR(cat["areas"]["large"]["AP"].get<double>(), 0.7, 1e-12);
  EXPECT_TRUE(cat["areas"]["medium"]["AP"].is_null());  // no such truth
  EXPECT_EQ(json["per_class"][1]["areas"]["medium"]["AP"], 0);

  const auto text = Eyechart(Arguments({"--per-class"}));
  EXPECT_EQ(text.exit_code, 0) << text.err;
  EXPECT_TRUE(Has(text.out,
                  "cat                        0.851   1.000     1.000         "
                  "-     0.700"))
      << text.out;
  EXPECT_FALSE(Has(Eyechart(Arguments({})).out, "cat"));
}

TEST_F(CocoEvalCommand, AreasAndOverlapsAreThoseGiven) {
  const Json json = EyechartJson(
      Arguments({"--areas", "tiny:0:200,rest:200:100000", "--iou", "0.5,0.9"}));
  EXPECT_EQ(json["areas"].size(), 3u);
  EXPECT_TRUE(json["areas"].contains("all"));
  EXPECT_NEAR(json["areas"]["tiny"]["AP"].get<double>(), 1, 1e-12);
  EXPECT_NEAR(json["areas"]["rest"]["AP"].get<double>(), 0.25, 1e-12);
  EXPECT_NEAR(json["areas"]["rest"]["AP50"].get<double>(), 0.5, 1e-12);
  const Json& cat = json["per_class"][0];
  EXPECT_NEAR(cat["AP"].get<double>(), (1 + 51.0 / 101) / 2, 1e-12);
  EXPECT_EQ(cat["areas"].size(), 2u);
  EXPECT_NEAR(cat["areas"]["tiny"]["AP"].get<double>(), 1, 1e-12);
  EXPECT_NEAR(cat["areas"]["rest"]["AP"].get<double>(), 0.5, 1e-12);

  const auto text =
      Eyechart(Arguments({"--areas", "tiny:0:200,rest:200:100000"}));
  EXPECT_TRUE(Has(text.out, "area tiny         AP 1.000")) << text.out;
  EXPECT_TRUE(Has(text.out, "area rest         AP 0.350")) << text.out;

  EXPECT_TRUE(Has(Refused({"--areas", "tiny"}), "name:low:high"));
  EXPECT_TRUE(Has(Refused({"--iou", "1.5"}), "1.5"));
}

TEST_F(CocoEvalCommand, CurvesAreWritten) {
  const fs::path file = folder_ / "curves.csv";
  EyechartJson(Arguments({"--iou", "0.5,0.9", "--curves", file.string()}));
  const CsvTable curves = CsvTable::ReadFile(file);
  ASSERT_EQ(curves.rows(), 2u * 2u * 101u);
  const auto at = [&](std::size_t row, const char* column) {
    return curves.at(row, curves.Column(column));
  };
  // The cat at 0.9: the small one alone, half of the truths.
  const std::size_t half = 101 + 50;
  EXPECT_EQ(at(half, "category"), "cat");
  EXPECT_EQ(at(half, "category_id"), "1");
  EXPECT_EQ(at(half, "iou"), "0.9");
  EXPECT_EQ(at(half, "recall"), "0.5");
  EXPECT_NEAR(std::stod(at(half, "precision")), 1, 1e-12);
  EXPECT_EQ(at(half, "score"), "0.9");
  EXPECT_EQ(at(half + 1, "recall"), "0.51");
  EXPECT_EQ(at(half + 1, "precision"), "0");
}

TEST_F(CocoEvalCommand, ConfusionIsWritten) {
  const fs::path file = folder_ / "confusion.csv";
  EyechartJson(Arguments({"--confusion", file.string()}));
  EXPECT_EQ(ReadFile(file),
            "truth,cat,dog,background\n"
            "cat,2,0,0\n"
            "dog,1,0,0\n"
            "background,0,1,0\n");
  // Without what scores less, the dog is missed.
  EyechartJson(
      Arguments({"--confusion", file.string(), "--confusion-score", "0.75"}));
  EXPECT_EQ(ReadFile(file),
            "truth,cat,dog,background\n"
            "cat,2,0,0\n"
            "dog,0,0,1\n"
            "background,0,0,0\n");
}

// The dog that is taken for a cat is found; one false alarm is left.
TEST_F(CocoEvalCommand, AllClassesAsOne) {
  const fs::path curves = folder_ / "curves.csv";
  const fs::path confusion = folder_ / "confusion.csv";
  const Json json = EyechartJson(
      Arguments({"--class-agnostic", "--errors", "--iou", "0.5,0.9", "--curves",
                 curves.string(), "--confusion", confusion.string(),
                 "--bootstrap", "20"}));
  EXPECT_EQ(json["class_agnostic"], true);
  EXPECT_NEAR(json["stats"]["AP50"].get<double>(), 1, 1e-12);
  EXPECT_TRUE(json["ci"].contains("AP"));
  ASSERT_EQ(json["per_class"].size(), 1u);
  EXPECT_EQ(json["per_class"][0]["id"], -1);
  EXPECT_EQ(json["per_class"][0]["name"], "all classes");
  EXPECT_EQ(json["per_class"][0]["AP"], json["stats"]["AP"]);
  EXPECT_EQ(json["errors"]["kinds"]["class"]["count"], 0);
  EXPECT_EQ(json["errors"]["kinds"]["background"]["count"], 1);
  const CsvTable table = CsvTable::ReadFile(curves);
  ASSERT_EQ(table.rows(), 2u * 101u);
  EXPECT_EQ(table.at(0, table.Column("category_id")), "-1");
  EXPECT_EQ(table.at(0, table.Column("category")), "all classes");
  EXPECT_EQ(ReadFile(confusion),
            "truth,all classes,background\n"
            "all classes,3,0\n"
            "background,1,0\n");

  const auto text = Eyechart(Arguments({"--class-agnostic", "--per-class"}));
  EXPECT_TRUE(Has(text.out, "\nall classes ")) << text.out;
  EXPECT_FALSE(Has(text.out, "cat ")) << text.out;
  EXPECT_EQ(EyechartJson(Arguments({}))["class_agnostic"], false);
}

TEST_F(CocoEvalCommand, ErrorsAreOfTheLastNumberOfDetections) {
  const auto count = [&](const std::vector<std::string>& more) {
    std::vector<std::string> all = {"--errors"};
    all.insert(all.end(), more.begin(), more.end());
    const Json errors = EyechartJson(Arguments(all))["errors"];
    return std::pair(errors["max_dets"].get<int>(),
                     errors["kinds"]["background"]["count"].get<int>());
  };
  EXPECT_EQ(count({}), std::pair(100, 1));
  EXPECT_EQ(count({"--max-dets", "500,1,10"}), std::pair(500, 1));
  // The dog made up is the second of its picture.
  EXPECT_EQ(count({"--max-dets", "1"}), std::pair(1, 0));
  const auto text = Eyechart(Arguments({"--errors", "--max-dets", "1,10,500"}));
  EXPECT_TRUE(Has(text.out,
                  "errors at IoU 0.5 of the best 500 boxes of a "
                  "picture, AP "))
      << text.out;
}

TEST_F(CocoEvalCommand, WhatIsWrongIsNamed) {
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string text = found_;
    const std::size_t place = text.find(from);
    EXPECT_NE(place, std::string::npos) << from;
    WriteText(folder_ / "found.json", text.replace(place, from.size(), to));
  };
  for (const char* score : {"NaN", "Infinity", "null", "\"0.7\"", "1e999"}) {
    with("\"score\":0.7", std::string("\"score\":") + score);
    const std::string said = Refused();
    EXPECT_TRUE(Has(said,
                    "found.json: entry 2: score should be a finite "
                    "number"))
        << said;
  }
  with("\"image_id\":2", "\"image_id\":7");
  EXPECT_TRUE(Has(Refused(), "7"));
  WriteText(folder_ / "found.json", found_.substr(0, found_.size() - 30));
  EXPECT_TRUE(Has(Refused(), "found.json: not a JSON file"));
  WriteText(folder_ / "found.json", "");
  EXPECT_TRUE(Has(Refused(), "found.json"));
  fs::remove(folder_ / "found.json");
  EXPECT_TRUE(Has(Refused(), "found.json: cannot be opened"));

  WriteText(folder_ / "found.json", found_);
  WriteText(folder_ / "truth.json", truth_.substr(0, truth_.size() - 40));
  EXPECT_TRUE(Has(Refused(), "truth.json"));
}

TEST_F(CocoEvalCommand, ACutFileIsNamedWithItsPlace) {
  for (const auto& [name, whole] :
       {std::pair{"truth.json", &truth_}, std::pair{"found.json", &found_}}) {
    const auto refused = [&, file = name](const std::string& text) {
      WriteText(folder_ / file, text);
      return Refused();
    };
    for (const std::size_t bytes : {std::size_t{1}, whole->size() / 3,
                                    whole->size() / 2, whole->size() - 1}) {
      const std::string said = refused(whole->substr(0, bytes));
      EXPECT_TRUE(Has(said, fmt::format("{}: not a JSON file: it ends after "
                                        "byte {} (line 1), ",
                                        name, bytes)))
          << said;
      EXPECT_TRUE(Has(said, ": it seems cut")) << said;
    }
    EXPECT_TRUE(Has(refused(""), std::string(name) +
                                     ": not a JSON file: it is empty "
                                     "(0 bytes)"));
    const std::string said = refused(*whole + "\n" + *whole);
    EXPECT_TRUE(
        Has(said, fmt::format("{}: not a JSON file: there is more behind its "
                              "end, from byte {} (line 2)",
                              name, whole->size() + 2)))
        << said;
    WriteText(folder_ / name, *whole);
  }
  EXPECT_EQ(Eyechart(Arguments({})).exit_code, 0);
}

TEST_F(CocoEvalCommand, OddBoxesAreTold) {
  EXPECT_EQ(Eyechart(Arguments({})).err, "");
  Json found = Json::parse(found_);
  found.push_back(FoundOf(1, 1, {200, 200, 10, 10}, 0.5));
  found.push_back(FoundOf(1, 1, {50, 50, -20, 10}, 0.4));
  WriteText(folder_ / "found.json", found.dump());
  Json truth = Json::parse(truth_);
  truth["annotations"].push_back(TruthOf(4, 1, 1, {300, 0, 5, 5}));
  truth["annotations"][3]["ignore"] = true;
  WriteText(folder_ / "truth.json", truth.dump());
  const auto run = Eyechart(Arguments({}));
  EXPECT_EQ(run.exit_code, 0);
  for (const char* told :
       {"1 annotation has \"ignore\": 1",
        "1 annotation has a box wholly outside", "in image 1 of 200 x 200",
        "1 detection without extent",
        "1 detection of an area, width times height, below 0",
        "1 detection wholly outside the picture",
        "(first entry 4: bbox [200, 200, 10, 10] in image 1 of 200 x 200)"})
    EXPECT_TRUE(Has(run.err, told)) << told << run.err;
  EXPECT_EQ(EyechartJson(Arguments({}))["warnings"].size(), 5u);

  WriteText(folder_ / "found.json", "[]");
  EXPECT_TRUE(Has(Eyechart(Arguments({})).err, "found.json: no detections"));
  truth["annotations"] = Json::array();
  WriteText(folder_ / "truth.json", truth.dump());
  const auto none = Eyechart(Arguments({}));
  EXPECT_EQ(none.exit_code, 0);
  EXPECT_TRUE(Has(none.err, "truth.json: no annotations: every figure is -1"));
  EXPECT_TRUE(Has(none.out, "= -1.000"));
}

TEST_F(CocoEvalCommand, EncodingsAreSkippedOrNamed) {
  const Json plain = EyechartJson(Arguments({}));
  const std::string mark = "\xEF\xBB\xBF";
  WriteText(folder_ / "found.json", mark + found_);
  WriteText(folder_ / "truth.json", mark + truth_);
  EXPECT_EQ(EyechartJson(Arguments({})), plain);
  WriteText(folder_ / "found.json", "\x1F\x8B" + found_);
  EXPECT_TRUE(Has(Refused(),
                  "found.json: not a JSON file: it is gzip: "
                  "unpack it first"));
  WriteText(folder_ / "truth.json", "\xFF\xFE" + truth_);
  EXPECT_TRUE(Has(Refused(),
                  "truth.json: not a JSON file: it is UTF-16: "
                  "should be UTF-8"));
  fs::remove(folder_ / "truth.json");
  EXPECT_TRUE(Has(Refused(), "truth.json: cannot be opened: No such file"));
}

TEST_F(CocoEvalCommand, OptionsThatMeanNothingAreRefused) {
  EXPECT_TRUE(
      Has(Refused({"--threads", "0"}), "--threads 0: should be at least 1"));
  EXPECT_TRUE(Has(Refused({"--threads", "-1"}), "--threads -1"));
  for (const std::string score : {"nan", "inf"})
    EXPECT_TRUE(
        Has(Refused({"--confusion-score", score}),
            "--confusion-score " + score + ": should be a finite number"));
}

}  // namespace
}  // namespace eyechart
