// Exported detectors through the built binary: eval, predict, bench and the NMS
// sweep.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <set>
#include <string>
#include <vector>

#include "core/files.h"
#include "core/json.h"
#include "core/record.h"
#include "data/decode.h"
#include "data/scenes/encode.h"
#include "tests/cli/process.h"
#include "tests/fixture.h"
#include "tests/oriented_jpeg.h"
#include "tests/probes/detection/transfer/colour_detector.h"
#include "tests/probes/detection/transfer/coloured_boxes.h"

namespace eyechart {
namespace {

namespace fs = std::filesystem;
using namespace detection::testing;
using testing::Eyechart;
using testing::EyechartJson;
using testing::TempFolder;

class DetectExported : public ::testing::Test {
 protected:
  void SetUp() override {
    WriteRoboflow(folder_ / "set/test", ColourSet(folder_ / "set/test"));
    WriteColourDetector(detector_, kLabelledForward,
                        ColourConfig(LabelledAnswers(true)));
    WriteColourDetector(detr_, kDetrForward, ColourConfig(DetrAnswers()));
  }

  const TempFolder folder_;
  const std::string set_ = (folder_ / "set").string();
  const std::string detector_ = (folder_ / "labelled").string();
  const std::string detr_ = (folder_ / "detr").string();
};

TEST_F(DetectExported, EvalNeedsNoModel) {
  const std::string out = (folder_ / "out").string();
  for (const std::string& detector : {detector_, detr_}) {
    const Json json = EyechartJson({"detect", "eval", detector, set_,
                                    "--threads", "1", "-o", out, "--json"});
    EXPECT_EQ(json["head"], "exported");
    EXPECT_NEAR(json["stats"]["AP"].get<double>(), 1, 1e-9);
    EXPECT_EQ(json["detections"], 7);
    EXPECT_EQ(ReadJsonFile(out + "/detections.json").size(), 7u);
  }
  const auto three = Eyechart({"detect", "eval", detector_, "model", set_});
  EXPECT_EQ(three.exit_code, 2);
  EXPECT_NE(three.err.find("the set alone"), std::string::npos) << three.err;
  const auto two = Eyechart({"detect", "eval", set_, set_});
  EXPECT_EQ(two.exit_code, 2);
  EXPECT_NE(two.err.find("DETECTOR MODEL DATASET"), std::string::npos)
      << two.err;
}

TEST_F(DetectExported, EvalsHelpSaysWhatIsNeeded) {
  const std::string help = Eyechart({"detect", "eval", "--help"}).out;
  EXPECT_NE(help.find("detector TEXT REQUIRED"), std::string::npos) << help;
  EXPECT_EQ(help.find("model TEXT REQUIRED"), std::string::npos) << help;
  EXPECT_NE(testing::Refused({"detect", "eval", detector_})
                .find("behind it should come the set"),
            std::string::npos);
  EXPECT_NE(
      testing::Refused({"detect", "eval", set_}).find("DETECTOR MODEL DATASET"),
      std::string::npos);
}

TEST_F(DetectExported, IsInspected) {
  const Json json = EyechartJson({"inspect", detector_});
  EXPECT_EQ(json["family"], "exported-detector");
  EXPECT_EQ(json["model"], "labelled");
  EXPECT_EQ(json["input_size"], Json({64, 64}));
  EXPECT_EQ(json["categories"], Json({"red", "green"}));
  EXPECT_EQ(json["needs_nms"], true);
  EXPECT_EQ(json["weights_sha256"].get<std::string>().size(), 64u);
  const auto shown = Eyechart({"inspect", detr_});
  EXPECT_EQ(shown.exit_code, 0) << shown.err;
  for (const char* part : {"exported detector", "64 x 64 pixels, stretch",
                           "2: red, green\n", "none needed"})
    EXPECT_NE(shown.out.find(part), std::string::npos) << shown.out;
}

TEST_F(DetectExported, IsNoEncoderAndSaysSo) {
  const std::string told = testing::Refused(
      {"encode", detector_, set_ + "/test", "-o", (folder_ / "f").string()});
  EXPECT_NE(told.find("is an exported detector"), std::string::npos) << told;
  EXPECT_EQ(told.find("is not known"), std::string::npos) << told;
}

// Before any picture is searched: of the program nothing is said.
TEST_F(DetectExported, PredictLooksFirstAtWhereItWrites) {
  const std::string pictures = set_ + "/test";
  const std::string list = pictures + "/_annotations.coco.json";
  const std::string before = ReadFile(list);
  fs::remove(fs::path(detr_) / "detector.pt");
  const auto told = [&](const std::string& images,
                        const std::vector<std::string>& more) {
    std::vector<std::string> arguments = {"detect", "predict", detr_, images};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return testing::Refused(arguments);
  };
  const auto has = [](const std::string& text, const std::string& part) {
    EXPECT_NE(text.find(part), std::string::npos) << text;
  };
  has(told(pictures, {"-o", pictures}),
      "--out " + pictures + ": is a folder; it should be the JSON file");
  has(told(pictures, {"-o", (folder_ / "none/found.json").string()}),
      "there is no folder " + (folder_ / "none").string());
  has(told(list, {"-o", list}), "is the file " + list + " that is read");
  has(told(pictures, {"-o", list, "--categories", list}), "that is read");
  has(told(pictures, {"-o", (folder_ / "found.json").string(), "--draw", list}),
      list + ": the folder cannot be made");
  EXPECT_EQ(ReadFile(list), before);
  // It makes no intervals.
  const auto help = Eyechart({"detect", "predict", "--help"});
  EXPECT_EQ(help.out.find("--bootstrap"), std::string::npos) << help.out;
}

TEST_F(DetectExported, PredictsBoxesInThePicturesOwnPixels) {
  const std::string out = (folder_ / "found.json").string();
  const Json json =
      EyechartJson({"detect", "predict", detr_, set_ + "/test", "-o", out,
                    "--draw", (folder_ / "drawn").string(), "--json"});
  EXPECT_EQ(json["boxes"], 7);
  const Json found = ReadJsonFile(out);
  ASSERT_EQ(found["annotations"].size(), 7u);
  const Json& red = found["annotations"][0];
  const std::vector<double> expected = {2, 4, 14, 20};
  for (std::size_t i = 0; i < 4; ++i)
    EXPECT_NEAR(red["bbox"][i].get<double>(), expected[i], 1e-3);
  EXPECT_NEAR(red["score"].get<double>(), 0.9, 1e-5);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_ / "drawn"),
                          fs::directory_iterator()),
            4);
}

TEST_F(DetectExported, BoxesAreJudgedInThePixelsOfTheSet) {
  const fs::path list = folder_ / "set/test/_annotations.coco.json";
  Json coco = ReadJsonFile(list);
  // Of pictures that were halved after they were labelled; ids are texts.
  for (Json& image : coco["images"]) {
    image["width"] = image["height"] = 128;
    image["id"] = std::to_string(image["id"].get<int>() + 10);
  }
  for (Json& box : coco["annotations"]) {
    box["image_id"] = std::to_string(box["image_id"].get<int>() + 10);
    for (Json& value : box["bbox"]) value = value.get<double>() * 2;
    box["area"] = box["area"].get<double>() * 4;
  }
  testing::WriteText(list, coco.dump());
  const std::string out = (folder_ / "out").string();
  const auto run =
      Eyechart({"detect", "eval", detr_, set_, "-o", out, "--json"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_NE(run.err.find("4 pictures have another size than the set says"),
            std::string::npos)
      << run.err;
  EXPECT_NEAR(Json::parse(run.out)["stats"]["AP"].get<double>(), 1, 1e-9);
  for (const std::string& truth : {list.string(), out + "/truth.json"}) {
    const Json judged = EyechartJson(
        {"coco-eval", truth, out + "/detections.json", "--mode", "corrected"});
    EXPECT_NEAR(judged["stats"]["AP"].get<double>(), 1, 1e-9) << truth;
  }
  const std::string found = (folder_ / "found.json").string();
  const Json predicted =
      EyechartJson({"detect", "predict", detr_, list.string(), "-o", found});
  EXPECT_EQ(predicted["format"], "coco-results");
  EXPECT_NE(predicted["warnings"].dump().find("the file says 128 x 128"),
            std::string::npos)
      << predicted["warnings"];
  EXPECT_EQ(ReadJsonFile(found)[0]["image_id"], "10");
  const Json judged =
      EyechartJson({"coco-eval", list.string(), found, "--mode", "corrected"});
  EXPECT_NEAR(judged["stats"]["AP"].get<double>(), 1, 1e-9);
}

// A photo lies on its side in the file; its labels, its boxes and what is drawn
// are of the picture upright.
TEST_F(DetectExported, TurnedPhotosAreJudgedAndDrawnUpright) {
  // 96 x 32 upright with red at [16, 0, 48, 16]: the tag 6 turns the file's
  // picture by a quarter clockwise, so that its left edge is on top.
  data::Image stored{32, 96, std::vector<std::uint8_t>(3 * 32 * 96, 128)};
  for (int y = 16; y < 48; ++y)
    for (int x = 0; x < 16; ++x)
      for (int c = 0; c < 3; ++c) {
        // Upright (u, v) stands in the file at x = v, y = 95 - u.
        const int row = 95 - y;
        stored.pixels[static_cast<std::size_t>(3 * (row * 32 + x) + c)] =
            c == 0 ? 255 : 0;
      }
  const fs::path root = folder_ / "yolo";
  testing::WriteText(root / "images/test/a.jpg",
                     testing::Oriented(scenes::EncodeJpeg(stored, 95), 6));
  testing::WriteText(root / "images/test/b.jpg",
                     testing::Oriented(scenes::EncodeJpeg(stored, 95), 6));
  testing::WriteText(root / "data.yaml", "names: [red, green]\nnc: 2\n");
  // x from 16 to 48 of 96, y from 0 to 16 of 32; b's label is elsewhere.
  testing::WriteText(root / "labels/test/a.txt",
                     "0 0.3333333 0.25 0.3333333 0.5\n");
  testing::WriteText(root / "labels/test/b.txt", "0 0.9 0.9 0.1 0.1\n");
  const std::string out = (folder_ / "out").string();
  const std::vector<std::string> eval = {"detect",      "eval",     detr_,
                                         root.string(), "--orient", "exif",
                                         "-o",          out,        "--json"};
  const auto run = Eyechart(eval);
  ASSERT_EQ(run.exit_code, 0) << run.err;
  const Json json = Json::parse(run.out);
  // One of two truths is found, by the one of two boxes that has no less score.
  EXPECT_GT(json["stats"]["AP50"].get<double>(), 0.2) << json["stats"];
  EXPECT_NE(run.err.find("a.jpg: 96 x 32 pixels, the set says 32 x 96"),
            std::string::npos)
      << run.err;
  // YOLO has no list that coco-eval reads: one stands beside the detections.
  const Json judged =
      EyechartJson({"coco-eval", out + "/truth.json", out + "/detections.json",
                    "--mode", "corrected"});
  EXPECT_NEAR(judged["stats"]["AP50"].get<double>(),
              json["stats"]["AP50"].get<double>(), 1e-12);
  const Json worst = ReadJsonFile(out + "/errors.json");
  ASSERT_EQ(worst.size(), 1u);
  EXPECT_GT(worst[0]["width"], worst[0]["height"]);
  // The box is where the red is, in parts of the upright sides.
  EXPECT_NEAR(worst[0]["found"][0]["box"][0].get<double>(), 16.0 / 96, 0.05);
  EXPECT_NEAR(worst[0]["found"][0]["box"][3].get<double>(), 0.5, 0.1);

  const fs::path drawn = folder_ / "drawn";
  EyechartJson({"detect", "predict", detr_, (root / "images/test").string(),
                "--orient", "exif", "-o", (folder_ / "found.json").string(),
                "--draw", drawn.string()});
  const data::Image picture =
      data::Decode(ReadFile(drawn / "00000-a.jpg"), {}).image;
  EXPECT_EQ(picture.width, 96);
  EXPECT_EQ(picture.height, 32);
}

TEST_F(DetectExported, ClassesThatTheSetLacksAreToldAndNoFalseAlarms) {
  const fs::path list = folder_ / "set/test/_annotations.coco.json";
  Json coco = ReadJsonFile(list);
  Json red = Json::array();
  for (const Json& box : coco["annotations"])
    if (box["category_id"] == 1) red.push_back(box);
  coco["annotations"] = red;
  coco["categories"].erase(2);
  testing::WriteText(list, coco.dump());
  const std::string out = (folder_ / "out").string();
  const Json json = EyechartJson({"detect", "eval", detr_, set_, "-o", out});
  EXPECT_EQ(json["detections"], 4);
  EXPECT_NE(json["warnings"].dump().find("3 boxes were found of 1 classes"),
            std::string::npos)
      << json["warnings"];
  EXPECT_EQ(ReadJsonFile(out + "/errors.json"), Json::array());
}

TEST_F(DetectExported, MissingPicturesAreOneWarning) {
  fs::remove(folder_ / "set/test/1.png");
  fs::remove(folder_ / "set/test/3.png");
  const Json json = EyechartJson(
      {"detect", "eval", detr_, set_, "-o", (folder_ / "out").string()});
  // The first is of what the export gets wrong.
  ASSERT_EQ(json["warnings"].size(), 2u) << json["warnings"];
  EXPECT_NE(json["warnings"][1].get<std::string>().find(
                "2 pictures are not on disk: their 4 boxes count as missed; "
                "the first is 1.png"),
            std::string::npos)
      << json["warnings"];
}

TEST_F(DetectExported, PredictsItsOwnCategoriesFoundOrNot) {
  // Green alone is there; its number is the detector's all the same.
  testing::WriteText(folder_ / "green/a.png",
                     ColourPng(64, 64, {}, {10, 10, 20, 20}));
  const std::string out = (folder_ / "found.json").string();
  EyechartJson(
      {"detect", "predict", detr_, (folder_ / "green").string(), "-o", out});
  const Json found = ReadJsonFile(out);
  EXPECT_EQ(found["categories"], Json::parse(R"([{"id": 1, "name": "red"},
                                                 {"id": 2, "name": "green"}])"));
  ASSERT_EQ(found["annotations"].size(), 1u);
  EXPECT_EQ(found["annotations"][0]["category_id"], 2);
}

TEST_F(DetectExported, IsMeasuredUnderLoad) {
  const std::string out = (folder_ / "run").string();
  const Json json =
      EyechartJson({"bench", detector_, set_ + "/test", "--min-seconds", "0",
                    "--min-queries", "10", "--threads", "1", "--allow", "-o",
                    out, "--json"});
  EXPECT_EQ(json["n"], 10);
  EXPECT_EQ(json["answer"], "boxes");
  EXPECT_EQ(json["detector"]["head"], "exported");
  bool nms = false;
  for (const Record& record : ReadRecords(fs::path(out) / "records.jsonl")) {
    nms = nms || record.metric == "stage_nms";
    EXPECT_EQ(record.encoder, "labelled");
  }
  EXPECT_TRUE(nms);
  const auto both = Eyechart(
      {"bench", detector_, set_ + "/test", "--detector", detr_, "--allow"});
  EXPECT_EQ(both.exit_code, 2);
  EXPECT_NE(both.err.find("one of them"), std::string::npos) << both.err;
}

TEST_F(DetectExported, HasABatchCurveInTheReport) {
  const std::string out = (folder_ / "run").string();
  const std::vector<std::string> bench = {"bench",
                                          detector_,
                                          set_ + "/test",
                                          "--min-seconds",
                                          "0",
                                          "--min-queries",
                                          "10",
                                          "--threads",
                                          "1",
                                          "--allow",
                                          "--batch-curve",
                                          "1,2"};
  std::vector<std::string> kept = bench;
  kept.insert(kept.end(), {"-o", out});
  const auto run = Eyechart(kept);
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_NE(run.out.find("knee at batch"), std::string::npos) << run.out;
  EXPECT_EQ(run.out.find("GFLOP/s"), std::string::npos) << run.out;
  const std::string page = (folder_ / "r.html").string();
  const auto report = Eyechart({"report", out, "-o", page});
  EXPECT_EQ(report.exit_code, 0) << report.err;
  EXPECT_NE(ReadFile(page).find("id=\"roofline\""), std::string::npos);
  const auto nowhere = Eyechart(bench);
  EXPECT_EQ(nowhere.exit_code, 2);
  EXPECT_NE(nowhere.err.find("-o RUN"), std::string::npos) << nowhere.err;
}

TEST_F(DetectExported, OtherSizesAndGraphsAreRefusedByName) {
  for (const std::vector<std::string>& more :
       {std::vector<std::string>{"--resolution", "32"},
        {"--pool", "cls"},
        {"--cuda-graphs", "on"}}) {
    std::vector<std::string> arguments = {"bench", detector_, set_ + "/test",
                                          "--allow"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const auto run = Eyechart(arguments);
    EXPECT_EQ(run.exit_code, 2) << more[0];
    EXPECT_NE(run.err.find(more[0].substr(2)), std::string::npos) << run.err;
  }
}

// A suite through the binary: run, table, picture.
TEST_F(DetectExported, StandsInASuitesTableAndPicture) {
  const fs::path suite = folder_ / "s.toml";
  testing::WriteText(suite,
                     "[suite]\nname = \"s\"\n"
                     "[[encoder]]\nname = \"labelled\"\nmodel = \"labelled\"\n"
                     "[[encoder]]\nname = \"detr\"\nmodel = \"detr\"\n"
                     "[[dataset]]\nname = \"set\"\nkind = \"boxes\"\n"
                     "root = \"set\"\n"
                     "[[task]]\nkind = \"detect\"\n"
                     "[[task]]\nkind = \"bench\"\nmin_seconds = 0\n"
                     "min_queries = 10\n");
  const std::string out = (folder_ / "run").string();
  const Json json = EyechartJson(
      {"run", suite.string(), "--out", out, "--threads", "1", "--json"});
  EXPECT_EQ(json["ok"], 4);
  const std::string page = (folder_ / "r.html").string();
  const auto report = Eyechart({"report", out, "-o", page});
  ASSERT_EQ(report.exit_code, 0) << report.err;
  const std::string html = ReadFile(page);
  EXPECT_NE(html.find("set: exported head"), std::string::npos);
  const std::size_t from = html.find("id=\"pareto\"");
  ASSERT_NE(from, std::string::npos);
  const std::string section =
      html.substr(from, html.find("</section>", from) - from);
  EXPECT_NE(section.find("ap of detectors on set, latency of "
                         "bench/set/min_queries=10,min_seconds=0 to boxes"),
            std::string::npos)
      << section;
  for (const char* name : {"labelled (exported)", "detr (exported)"})
    EXPECT_NE(section.find(name), std::string::npos) << name;
}

TEST_F(DetectExported, IsSweptBesideAnother) {
  const std::string out = (folder_ / "run").string();
  const Json json = EyechartJson({"bench",     detector_,
                                  set_,        "--nms-sweep",
                                  "--allow",   "--beside",
                                  detr_,       "--confidences",
                                  "0.001,0.6", "--ious",
                                  "0.5",       "--nms-repetitions",
                                  "1",         "--cost-pictures",
                                  "0",         "--threads",
                                  "1",         "-o",
                                  out,         "--json"});
  ASSERT_EQ(json["sweeps"].size(), 2u);
  EXPECT_EQ(json["sweeps"][0]["rows"].size(), 2u);
  EXPECT_NEAR(json["sweeps"][0]["rows"][0]["AP"].get<double>(), 1, 1e-9);
  EXPECT_EQ(json["sweeps"][1]["rows"].size(), 1u);
  EXPECT_NEAR(json["sweeps"][1]["rows"][0]["AP"].get<double>(), 1, 1e-9);
  std::set<std::string> encoders;
  for (const Record& record : ReadRecords(fs::path(out) / "records.jsonl"))
    encoders.insert(record.encoder);
  EXPECT_EQ(encoders, (std::set<std::string>{"detr", "labelled"}));
  const auto report =
      Eyechart({"report", out, "-o", (folder_ / "r.html").string()});
  EXPECT_EQ(report.exit_code, 0) << report.err;
  const std::string html = ReadFile(folder_ / "r.html");
  EXPECT_NE(html.find("detr, exported head"), std::string::npos);
}

TEST_F(DetectExported, BadFilesAreOneLineAndExitCode2) {
  Json config = ColourConfig(LabelledAnswers(true));
  config["detector"]["boxes"] = 9;
  WriteConfig(detector_, config);
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"detect", "eval", detector_, set_},
        {"detect", "predict", detector_, set_ + "/test", "-o",
         (folder_ / "x.json").string()},
        {"bench", detector_, set_ + "/test", "--allow"},
        {"bench", detector_, set_, "--nms-sweep"}}) {
    const auto run = Eyechart(arguments);
    EXPECT_EQ(run.exit_code, 2) << run.err;
    EXPECT_NE(
        run.err.find("eyechart.json: \"detector.boxes\" is 9; the program "
                     "gives 3 tensors"),
        std::string::npos)
        << run.err;
    EXPECT_EQ(std::count(run.err.begin(), run.err.end(), '\n'), 1) << run.err;
  }
}

}  // namespace
}  // namespace eyechart
