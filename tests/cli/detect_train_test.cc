// `eyechart detect train` through the built binary: what it leaves out, what it
// compares with, curves, what is done already.
#include <gtest/gtest.h>

#include <filesystem>
#include <set>
#include <utility>

#include "core/files.h"
#include "core/json.h"
#include "core/record.h"
#include "tests/cli/process.h"
#include "tests/fixture.h"
#include "tests/probes/detection/transfer/coloured_boxes.h"

namespace eyechart {
namespace {

namespace fs = std::filesystem;
using detection::testing::ColouredBoxes;
using detection::testing::WriteRoboflow;
using testing::DemoCheckpoint;
using testing::Eyechart;
using testing::EyechartJson;
using testing::Refused;
using testing::TempFolder;
using testing::WriteText;

class DetectTrain : public ::testing::Test {
 protected:
  DetectTrain() { WriteSet(set_); }

  static void WriteSet(const fs::path& set, std::uint64_t seed = 1) {
    WriteRoboflow(set / "train", ColouredBoxes(set / "train", 24, seed));
    WriteRoboflow(set / "test", ColouredBoxes(set / "test", 4, 2));
  }

  std::vector<std::string> Train(const std::vector<std::string>& more = {},
                                 const std::string& model = "dinov2") const {
    return TrainOn(set_, more, model);
  }

  std::vector<std::string> TrainOn(const fs::path& set,
                                   const std::vector<std::string>& more,
                                   const std::string& model = "dinov2") const {
    std::vector<std::string> arguments = {"detect",
                                          "train",
                                          DemoCheckpoint(model),
                                          set.string(),
                                          "--width",
                                          "32",
                                          "--layers",
                                          "1",
                                          "--looks",
                                          "1",
                                          "--warmup",
                                          "1",
                                          "--bootstrap",
                                          "0",
                                          "--variants",
                                          "1",
                                          "--validation",
                                          "0",
                                          "--threads",
                                          "1"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }

  TempFolder folder_;
  fs::path set_ = folder_ / "set";
};

bool Has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST_F(DetectTrain, SaysWhatItLeavesOut) {
  const fs::path list = set_ / "train/_annotations.coco.json";
  Json coco = ReadJsonFile(list);
  coco["annotations"][3].erase("bbox");
  WriteText(list, coco.dump());
  const std::string out = (folder_ / "out").string();
  const auto result = Eyechart(Train({"--steps", "3", "-o", out}));
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const std::string warning =
      "eyechart: warning: set, part train: categories of id 0 that name the "
      "project, without boxes: 1, dropped; annotation ids below 1 (pycocotools "
      "can never count id 0 as found): 1, all annotations are numbered from 1; "
      "annotations without a box: 1, left out\n";
  EXPECT_TRUE(Has(result.err, warning)) << result.err;
  EXPECT_EQ(result.err.find("part train"), result.err.rfind("part train"));
  EXPECT_TRUE(Has(result.err, "set, part test: ")) << result.err;
  EXPECT_EQ(ReadJsonFile(out + "/detect.json")["warnings"].size(), 2u);

  const auto again =
      Eyechart({"detect", "eval", out + "/detector", DemoCheckpoint("dinov2"),
                set_.string(), "--part", "train", "--bootstrap", "0"});
  ASSERT_EQ(again.exit_code, 0) << again.err;
  EXPECT_TRUE(Has(again.err, warning)) << again.err;
}

TEST_F(DetectTrain, DoesNotTestOnWhatItTrainsOn) {
  for (const std::vector<std::string>& more :
       {std::vector<std::string>{"--part", "train"},
        {"--part", "train", "--train-part", "train"},
        {"--train-part", "test"}}) {
    const std::string told = Refused(Train(more));
    EXPECT_TRUE(Has(told, "is trained on and part ") && Has(told, "--part"))
        << told;
  }
}

TEST_F(DetectTrain, MoreBoxesThanCocosCount) {
  const std::string out = (folder_ / "out").string();
  const Json json =
      EyechartJson(Train({"--steps", "3", "--max-boxes", "500", "-o", out}));
  EXPECT_EQ(json["max_dets"], Json({1, 10, 100, 500}));
  EXPECT_EQ(EyechartJson({"detect", "eval", out + "/detector",
                          DemoCheckpoint("dinov2"), set_.string(),
                          "--bootstrap", "0", "--max-boxes", "500"})["stats"],
            json["stats"]);
  EXPECT_TRUE(Has(Refused(Train({"--max-boxes", "0"})), "--max-boxes 0"));
  EXPECT_TRUE(Has(
      Refused({"detect", "eval", out + "/detector", DemoCheckpoint("dinov2"),
               set_.string(), "--max-boxes", "-1"}),
      "--max-boxes -1"));
}

TEST_F(DetectTrain, ComparesLikeWithLike) {
  const std::string out = (folder_ / "out").string();
  const std::string other = out + "/detect.json";
  ASSERT_EQ(Eyechart(Train({"--steps", "3", "-o", out})).exit_code, 0);
  const auto compared = [&](std::vector<std::string> more) {
    more.insert(more.end(), {"--compare", other});
    return more;
  };
  // Another encoder on the same pictures in another folder, and more seeds.
  fs::copy(set_, folder_ / "moved", fs::copy_options::recursive);
  const Json json = EyechartJson(TrainOn(
      folder_ / "moved", compared({"--steps", "3", "--runs", "2"}), "clip"));
  EXPECT_EQ(json["comparison"]["seeds"], Json({0}));

  std::string told = Refused(Train(compared({"--steps", "4"})));
  EXPECT_TRUE(Has(told, "steps 3 against 4")) << told;
  told = Refused(Train(compared({"--steps", "3", "--images", "8"})));
  EXPECT_TRUE(Has(told, "with 24 train pictures; this one has 8")) << told;
  told = Refused(Train(compared({"--steps", "3", "--max-boxes", "500"})));
  EXPECT_TRUE(Has(told, "max_dets [1,10,100] against [1,10,100,500]")) << told;
  told = Refused(Train(
      compared({"--steps", "3", "--train-part", "test", "--part", "train"})));
  EXPECT_TRUE(Has(told, "tested on part \"test\"; this one on \"train\""))
      << told;
  WriteSet(folder_ / "else", 5);
  told = Refused(TrainOn(folder_ / "else", compared({"--steps", "3"})));
  EXPECT_TRUE(Has(told, "\"set\"") && Has(told, "\"else\"")) << told;
  told = Refused(Train(compared({"--steps", "3", "--min-score", "0.3"})));
  EXPECT_TRUE(Has(told,
                  "other boxes were kept than here: min_score 0.001 "
                  "against 0.3;"))
      << told;
  told = Refused(Train(compared({"--steps", "3", "--before-nms", "10"})));
  EXPECT_TRUE(Has(told, "before_nms 1000 against 10;")) << told;
  told = Refused(Train(compared({"--steps", "3", "--max-boxes", "50"})));
  EXPECT_TRUE(Has(told, "max_boxes 100 against 50;")) << told;
  told = Refused(Train(compared({"--steps", "3", "--keep-aspect"})));
  EXPECT_TRUE(Has(told, "keep_aspect false against true;")) << told;
  told = Refused(Train(compared({"--steps", "3", "--seed", "7"})));
  EXPECT_TRUE(Has(told, "it has none of this one's seeds, [7]")) << told;
  // A file of an earlier version has the set's name alone.
  Json old = ReadJsonFile(other);
  old.erase("dataset_sha256");
  WriteText(other, old.dump());
  told = Refused(TrainOn(folder_ / "else", compared({"--steps", "3"})));
  EXPECT_TRUE(Has(told, "of data set \"set\"; this one is of \"else\""))
      << told;
}

TEST_F(DetectTrain, ComparesHeadsOfOneShapeAndSuppression) {
  const std::string out = (folder_ / "out").string();
  const std::string other = out + "/detect.json";
  const Json first = EyechartJson(Train({"--steps", "3", "-o", out}));
  EXPECT_EQ(
      first["head_shape"],
      Json({{"kind", "dense"}, {"width", 32}, {"layers", 1}, {"groups", 32}}));
  EXPECT_EQ(ReadJsonFile(other)["head_shape"], first["head_shape"]);
  const auto compared = [&](std::vector<std::string> more = {}) {
    more.insert(more.end(), {"--steps", "3", "--compare", other});
    return Train(more, "clip");
  };
  EXPECT_EQ(EyechartJson(compared())["warnings"], first["warnings"]);
  std::string told = Refused(compared({"--nms", "soft-linear"}));
  EXPECT_TRUE(Has(told,
                  "of another head than this one: NMS semantics "
                  "\"torchvision\" against \"soft-linear\";"))
      << told;
  told = Refused(compared({"--nms-iou", "0.5"}));
  EXPECT_TRUE(Has(told, "this one: NMS iou 0.6 against 0.5;")) << told;

  // As if its head had been larger.
  Json changed = first;
  changed["head_shape"].update({{"width", 64}, {"layers", 2}});
  WriteText(other, changed.dump());
  told = Refused(compared());
  EXPECT_TRUE(Has(told, "head layers 2 against 1, head width 64 against 32;"))
      << told;

  // Of an earlier version nothing is known: compared, with a warning.
  for (const char* key : {"head_shape", "nms", "find"}) changed.erase(key);
  changed["input"].erase("keep_aspect");
  WriteText(other, changed.dump());
  const auto compare = Eyechart(compared({"--json"}));
  ASSERT_EQ(compare.exit_code, 0) << compare.err;
  const Json json = Json::parse(compare.out);
  EXPECT_EQ(json["comparison"]["seeds"], Json({0}));
  EXPECT_EQ(json["warnings"].size(), first["warnings"].size() + 4);
  for (const char* key : {"head_shape", "nms", "find", "input"})
    EXPECT_TRUE(Has(compare.err, fmt::format("warning: {}: it has no \"{}\", "
                                             "being of an earlier eyechart",
                                             other, key)))
        << compare.err;
}

TEST_F(DetectTrain, AnotherInputIsAWarning) {
  const std::string out = (folder_ / "out").string();
  EyechartJson(Train({"--steps", "3", "-o", out}));
  const auto result = Eyechart(Train(
      {"--steps", "3", "--resolution", "48", "--compare", out, "--json"}));
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_TRUE(Has(result.err,
                  "its pictures are laid on 96 x 96 pixels, this one's on 48 x "
                  "48:"))
      << result.err;
  EXPECT_TRUE(Has(result.err, "maps of 8 x 8 tokens, this one's of 4 x 4:"))
      << result.err;
  // Each is told once, before and after training, and stands in the JSON.
  EXPECT_EQ(result.err.find("are laid on"), result.err.rfind("are laid on"));
  int told = 0;
  const Json json = Json::parse(result.out);
  for (const Json& warning : json["warnings"])
    told += Has(warning, "advantage of") ? 1 : 0;
  EXPECT_EQ(told, 2);
}

TEST_F(DetectTrain, WhatCannotBeComparedIsSaidBeforeTraining) {
  const fs::path out = folder_ / "out";
  const auto compared = [&](const std::string& file) {
    return Train({"--steps", "3", "-o", out.string(), "--compare", file},
                 "nothing");
  };
  // Not even the model has been looked at.
  const std::string nowhere = (folder_ / "nofile.json").string();
  EXPECT_TRUE(Has(Refused(compared(nowhere)), nowhere));
  const std::string text = (folder_ / "text.json").string();
  WriteText(text, "{\"protocol\": \"knn\"}");
  EXPECT_TRUE(Has(Refused(compared(text)), "lacks runs with seeds and scores"));
  WriteText(text, R"({"protocol": "knn",
                      "runs": {"seeds": [0], "scores": [0.5]}})");
  EXPECT_TRUE(Has(Refused(compared(text)),
                  "of protocol \"knn\"; this one is of \"detect-dense\""));
  EXPECT_FALSE(fs::exists(out));
}

TEST_F(DetectTrain, TheComparisonIsKept) {
  const fs::path first = folder_ / "first", second = folder_ / "second";
  Json other = EyechartJson(Train({"--steps", "3", "-o", first.string()}));
  // Of one that reads each stage, as DaViT and Hiera can.
  other["stages"] = "own";
  WriteText(first / "detect.json", other.dump());
  const auto result = Eyechart(Train({"--steps", "3", "-o", second.string(),
                                      "--compare", first.string(), "--json"},
                                     "clip"));
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_TRUE(Has(result.err, "own stages are an advantage")) << result.err;
  const Json json = Json::parse(result.out);
  EXPECT_EQ(json["comparison"]["other"], (first / "detect.json").string());
  EXPECT_EQ(ReadJsonFile(second / "detect.json")["comparison"],
            json["comparison"]);
}

TEST_F(DetectTrain, FiguresArePrintedWhereTheComparisonFails) {
  // Without truth in the test part there is no AP.
  const fs::path list = set_ / "test/_annotations.coco.json";
  Json coco = ReadJsonFile(list);
  coco["annotations"] = Json::array();
  WriteText(list, coco.dump());
  const fs::path out = folder_ / "out";
  Json other = EyechartJson(Train({"--steps", "3", "-o", out.string()}));
  EXPECT_TRUE(other["runs"]["scores"][0].is_null());
  other["runs"]["scores"][0] = 0.5;
  WriteText(folder_ / "other.json", other.dump());
  const auto result = Eyechart(
      Train({"--steps", "3", "-o", (folder_ / "again").string(), "--compare",
             (folder_ / "other.json").string(), "--json"}));
  EXPECT_EQ(result.exit_code, 2) << result.err;
  EXPECT_TRUE(Has(result.err, "seed and score should be numbers"))
      << result.err;
  const Json json = Json::parse(result.out);
  EXPECT_FALSE(json.contains("comparison"));
  EXPECT_EQ(json["stats"], other["stats"]);
  EXPECT_TRUE(fs::exists(folder_ / "again/records.jsonl"));
}

TEST_F(DetectTrain, WhatIsDoneIsNotDoneAgain) {
  const fs::path out = folder_ / "out";
  const auto train = [&](const std::vector<std::string>& more = {}) {
    std::vector<std::string> arguments = {"--steps", "3", "-o", out.string(),
                                          "--json"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const auto result = Eyechart(Train(arguments));
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return std::pair(Has(result.err, "taken as it is"),
                     Json::parse(result.out));
  };
  const auto [taken, first] = train();
  EXPECT_FALSE(taken);
  const std::vector<Record> records = ReadRecords(out / "records.jsonl");
  const auto [again, second] = train();
  EXPECT_TRUE(again);
  EXPECT_EQ(second, first);  // its times too
  EXPECT_EQ(ReadRecords(out / "records.jsonl").size(), records.size());
  EXPECT_FALSE(fs::exists(out / "state"));
  EXPECT_FALSE(train({"--min-score", "0.01"}).first);
  EXPECT_TRUE(train({"--min-score", "0.01"}).first);
  // Another input is another result, and its records say so.
  EXPECT_FALSE(train({"--resolution", "48"}).first);
  EXPECT_NE(ReadRecords(out / "records.jsonl").front().preprocess_sha256,
            records.front().preprocess_sha256);
  EXPECT_TRUE(train({"--resolution", "48"}).first);
  // A box that was mended.
  const fs::path list = set_ / "train/_annotations.coco.json";
  Json coco = ReadJsonFile(list);
  coco["annotations"][0]["bbox"][2] =
      coco["annotations"][0]["bbox"][2].get<double>() + 1;
  WriteText(list, coco.dump());
  EXPECT_FALSE(train({"--min-score", "0.01"}).first);
}

// A curve in the same folder leaves its own records.jsonl there.
TEST_F(DetectTrain, ACurveInItsFolderIsNotTakenForTheResult) {
  const fs::path out = folder_ / "out";
  const auto train = [&](const std::vector<std::string>& more) {
    std::vector<std::string> arguments = {"--epochs", "1", "-o", out.string()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const auto result = Eyechart(Train(arguments));
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return Has(result.err, "taken as it is");
  };
  const auto pictures = [&](const std::string& cell) {
    return ReadJsonFile(out / "artifacts" / CellSlug(cell) /
                        "detect.json")["train"];
  };
  EXPECT_FALSE(train({}));
  const std::string first = ReadFile(out / "records.jsonl");
  const std::string all = ReadRecords(out / "records.jsonl").front().cell;
  EXPECT_FALSE(train({"--images", "4,8"}));
  const std::string four = ReadRecords(out / "records.jsonl").front().cell;
  ASSERT_NE(four, all);
  EXPECT_NE(ReadFile(out / "records.jsonl"), first);
  EXPECT_TRUE(train({}));  // its records are kept elsewhere
  EXPECT_EQ(ReadFile(out / "records.jsonl"), first);
  EXPECT_EQ(pictures(all), 24);
  EXPECT_EQ(pictures(four), 4);
}

TEST_F(DetectTrain, WhatEvalWritesIsNotTakenForTheResult) {
  const fs::path out = folder_ / "out";
  const auto train = [&](const std::vector<std::string>& more = {}) {
    std::vector<std::string> arguments = {"--steps", "3", "-o", out.string()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const auto result = Eyechart(Train(arguments));
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_TRUE(Has(result.out, " parameters, last stage")) << result.out;
    return Has(result.err, "taken as it is");
  };
  EXPECT_FALSE(train());
  ASSERT_EQ(Eyechart({"detect", "eval", (out / "detector").string(),
                      DemoCheckpoint("dinov2"), set_.string(), "--part",
                      "train", "--bootstrap", "0", "-o", out.string()})
                .exit_code,
            0);
  EXPECT_EQ(ReadJsonFile(out / "detect.json")["command"], "detect eval");
  EXPECT_FALSE(train());
  EXPECT_EQ(ReadJsonFile(out / "detect.json")["test"], 4);
  // What a comparison adds to it changes no result.
  fs::create_directory(folder_ / "other");
  fs::copy_file(out / "detect.json", folder_ / "other/detect.json");
  EXPECT_TRUE(train({"--compare", (folder_ / "other").string()}));
  EXPECT_TRUE(ReadJsonFile(out / "detect.json").contains("comparison"));
  EXPECT_TRUE(train());
}

TEST_F(DetectTrain, AFolderThatCannotBeThereIsNamed) {
  // Longer than a name can be on common file systems.
  const std::string out = (folder_ / std::string(300, 'x')).string();
  EXPECT_TRUE(Has(Refused(Train({"--steps", "3", "-o", out})),
                  out + "/suite.toml: cannot be looked up: "));
}

TEST_F(DetectTrain, ACurveGoesOnWithThePointsThatLack) {
  const fs::path out = folder_ / "out";
  const auto curve = [&](const std::string& images) {
    return Eyechart(Train(
        {"--epochs", "1", "--images", images, "-o", out.string(), "--json"}));
  };
  const auto first = curve("0,4");
  ASSERT_EQ(first.exit_code, 0) << first.err;
  EXPECT_FALSE(Has(first.err, "taken as it is")) << first.err;
  // As if it had been cut in the last point.
  fs::remove(out / "images-4/identity.json");
  const auto head = [&](const char* point) {
    return fs::last_write_time(out / point / "detector/head.safetensors");
  };
  const auto all = head("images-all"), four = head("images-4");
  const auto second = curve("0,4,2");
  ASSERT_EQ(second.exit_code, 0) << second.err;
  EXPECT_EQ(head("images-all"), all);
  EXPECT_NE(head("images-4"), four);
  EXPECT_TRUE(Has(second.err, "images-all: done with these settings"))
      << second.err;
  EXPECT_FALSE(Has(second.err, "images-4: done with")) << second.err;
  const Json json = Json::parse(second.out);
  ASSERT_EQ(json["curve"].size(), 3u);
  for (const std::size_t i : {0, 1})
    EXPECT_EQ(json["curve"][i], Json::parse(first.out)["curve"][i]);
  EXPECT_EQ(ReadJsonFile(out / "curve.json"), json["curve"]);
}

TEST_F(DetectTrain, ACurveComparesPointByPoint) {
  const fs::path ours = folder_ / "ours";
  const auto curve = [&](const char* images, const fs::path& out,
                         std::vector<std::string> more = {},
                         const char* model = "dinov2") {
    more.insert(more.end(),
                {"--epochs", "1", "--images", images, "-o", out.string()});
    return Train(more, model);
  };
  EyechartJson(curve("0,4", ours));
  const Json both = EyechartJson(
      curve("4,2,0", folder_ / "both",
            {"--compare", (ours / "curve.json").string()}, "clip"));
  ASSERT_EQ(both["curve"].size(), 3u);
  EXPECT_EQ(both["curve"][0]["comparison"]["images"], 4);
  EXPECT_EQ(both["curve"][0]["comparison"]["other"],
            (ours / "images-4/detect.json").string());
  EXPECT_FALSE(both["curve"][1].contains("comparison"));
  EXPECT_EQ(both["curve"][2]["comparison"]["images"], 24);
  EXPECT_EQ(both["comparison"], both["curve"][2]["comparison"]);

  // Against one result it is the point of as many pictures.
  const std::string four = (ours / "images-4/detect.json").string();
  const auto one =
      Eyechart(curve("0,4", folder_ / "both", {"--compare", four}, "clip"));
  ASSERT_EQ(one.exit_code, 0) << one.err;
  EXPECT_TRUE(Has(one.out, "  4 pictures  AP")) << one.out;
  const std::size_t at = one.out.find("  difference ");
  ASSERT_NE(at, std::string::npos) << one.out;
  EXPECT_GT(at, one.out.find("  4 pictures")) << one.out;
  EXPECT_EQ(one.out.find("  difference ", at + 1), std::string::npos);
  EXPECT_TRUE(Has(
      Refused(curve("0,3", folder_ / "none", {"--compare", four}, "clip")),
      "trained with --images 4, this one with 0, 3: no two points are of as "
      "many pictures"));
}

TEST_F(DetectTrain, ReportsReadItsFolder) {
  const fs::path out = folder_ / "out", curve = folder_ / "curve";
  EyechartJson(Train({"--steps", "3", "-o", out.string()}));
  const std::vector<Record> records = ReadRecords(out / "records.jsonl");
  ASSERT_FALSE(records.empty());
  const Record& ap = records.front();
  EXPECT_EQ(ap.metric, "ap");
  EXPECT_EQ(ap.run, "out");
  EXPECT_EQ(ap.encoder, "dinov2");
  EXPECT_EQ(ap.task, "detect");
  EXPECT_EQ(ap.cell,
            "dinov2/detect/set/layers=1,looks=1,steps=3,validation_share=0,"
            "variants=1,warmup=1,width=32");
  EXPECT_EQ(ap.setting.at("min_score"), "0.001");
  EXPECT_FALSE(ap.weights_sha256.empty());
  EXPECT_FALSE(ap.dataset_sha256.empty());
  const Json environment = ReadJsonFile(out / "environment.json");
  EXPECT_TRUE(Has(environment["command"], " --steps 3 "))
      << environment["command"];
  const fs::path artifacts = out / "artifacts" / CellSlug(ap.cell);
  EXPECT_EQ(ReadJsonFile(artifacts / "detect.json"),
            ReadJsonFile(out / "detect.json"));

  const auto report = [&](const fs::path& folder) {
    const fs::path page = folder_ / "report.html";
    const auto result =
        Eyechart({"report", folder.string(), "-o", page.string()});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return ReadFile(page);
  };
  const std::string page = report(out);
  EXPECT_TRUE(Has(page, "set: dense head"));
  EXPECT_TRUE(Has(page, "data:image/"));  // pictures of what went wrong

  EyechartJson(
      Train({"--epochs", "1", "--images", "0,4", "-o", curve.string()}));
  std::set<std::string> cells;
  for (const Record& record : ReadRecords(curve / "records.jsonl"))
    cells.insert(record.cell);
  EXPECT_EQ(cells.size(), 2u);
  EXPECT_TRUE(Has(report(curve), "id=\"low-data\""));

  // A suite's run is not written over.
  WriteText(out / "suite.toml", "");
  EXPECT_TRUE(Has(Refused(Train({"--steps", "3", "-o", out.string()})),
                  "holds a run of `eyechart run`"));
}

TEST_F(DetectTrain, ASetHeadSaysItsQueries) {
  const Json json = EyechartJson(Train(
      {"--steps", "1", "--head", "set", "-o", (folder_ / "out").string()}));
  const Json noisy =
      EyechartJson(Train({"--steps", "1", "--head", "set", "--denoise", "20",
                          "-o", (folder_ / "noisy").string()}));
  EXPECT_EQ(noisy["training"]["denoising"], 20);
  EXPECT_TRUE(Has(ReadFile(folder_ / "noisy/log.csv"), "loss_denoising"));
  EXPECT_EQ(noisy["parameters"], json["parameters"]);
  EXPECT_TRUE(
      Has(Refused(Train({"--denoise", "20"})), "--denoise 20: a set head"));
  EXPECT_EQ(
      json["head_shape"],
      Json({{"kind", "set"}, {"width", 32}, {"layers", 1}, {"queries", 300}}));
  EXPECT_FALSE(json.contains("nms"));
  EXPECT_FALSE(json["training"].contains("denoising"));
}

TEST_F(DetectTrain, ACurveHasAPointASizeAndTheWarningsOfAll) {
  // Of six broken pictures the last point, of four, can tell no more than four.
  for (int i = 1; i <= 6; ++i)
    WriteText(set_ / "train" / fmt::format("{}.png", i), "broken");
  const fs::path out = folder_ / "out";
  const auto result = Eyechart(Train(
      {"--epochs", "1", "--images", "0,4", "-o", out.string(), "--json"}));
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const Json json = Json::parse(result.out);
  ASSERT_EQ(json["curve"].size(), 2u);
  EXPECT_EQ(json["curve"][0]["images"], 24);
  EXPECT_EQ(json["curve"][1]["images"], 4);
  EXPECT_LT(json["curve"][1]["boxes"], json["curve"][0]["boxes"]);
  EXPECT_EQ(json["train"], 4);  // the rest is the last point's
  EXPECT_EQ(json["stats"]["AP"], json["curve"][1]["AP"]);
  EXPECT_EQ(ReadJsonFile(out / "curve.json"), json["curve"]);
  for (std::size_t i = 0; i < 2; ++i) {
    const fs::path one = out / (i == 0 ? "images-all" : "images-4");
    EXPECT_EQ(ReadJsonFile(one / "detect.json")["stats"]["AP"],
              json["curve"][i]["AP"]);
  }
  EXPECT_TRUE(Has(result.err, "6 pictures could not be read")) << result.err;
  // What is odd in the set is told once.
  EXPECT_EQ(result.err.find("part train"), result.err.rfind("part train"));
}

}  // namespace
}  // namespace eyechart
