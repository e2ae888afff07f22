// `eyechart detect compare` through the built binary, on results that are
// written by hand: nothing is trained.
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "core/files.h"
#include "core/json.h"
#include "tests/cli/process.h"
#include "tests/fixture.h"

namespace eyechart {
namespace {

namespace fs = std::filesystem;
using testing::Eyechart;
using testing::EyechartJson;
using testing::Refused;
using testing::TempFolder;
using testing::WriteText;

bool Has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// What detect.json has of that which is compared.
Json Result(const std::vector<double>& scores, int images = 0) {
  Json seeds = Json::array();
  for (std::size_t i = 0; i < scores.size(); ++i) seeds.push_back(i);
  return {
      {"kind", "detect"},
      {"protocol", "detect-dense"},
      {"head_shape", {{"kind", "dense"}, {"width", 32}}},
      {"nms",
       {{"semantics", "torchvision"}, {"classes", "aware"}, {"iou", 0.6}}},
      {"find",
       {{"min_score", 0.001}, {"before_nms", 1000}, {"max_boxes", 100}}},
      {"input", {{"width", 64}, {"keep_aspect", false}}},
      {"stages", "last"},
      {"dataset", "set"},
      {"test_part", "test"},
      {"dataset_sha256", {{"train", "a"}, {"validation", "b"}, {"test", "c"}}},
      {"train", images > 0 ? images : 24},
      {"validation", 2},
      {"test", 4},
      {"training", {{"steps", 3}, {"images", images}, {"seed", 0}}},
      {"stats", {{"AP", scores.front()}}},
      {"runs", {{"seeds", seeds}, {"scores", scores}}}};
}

class DetectCompare : public ::testing::Test {
 protected:
  std::string Write(const std::string& name, const Json& json) const {
    const fs::path file = folder_ / name;
    fs::create_directories(file.parent_path());
    WriteText(file, json.dump());
    return file.string();
  }

  const TempFolder folder_;
};

TEST_F(DetectCompare, DifferencesAreOfTheFirstLessTheSecond) {
  const std::string a = Write("a/detect.json", Result({0.5, 0.75, 0.5}));
  const std::string b = Write("b/detect.json", Result({0.25, 0.25}));
  const Json json = EyechartJson({"detect", "compare", a, b});
  EXPECT_EQ(json["command"], "detect compare");
  EXPECT_EQ(json["warnings"], Json::array());
  ASSERT_EQ(json["points"].size(), 1u);
  const Json& point = json["points"][0];
  EXPECT_EQ(point["seeds"], Json({0, 1}));
  EXPECT_EQ(point["differences"], Json({0.25, 0.5}));
  EXPECT_EQ(point["difference"], 0.375);
  EXPECT_EQ(point["AP"], Json({0.5, 0.25}));
  EXPECT_EQ(point["file"], a);
  EXPECT_EQ(point["other"], b);
  // Student's t of one degree of freedom: 12.706 standard errors of 0.125.
  EXPECT_NEAR(point["ci"]["low"].get<double>(), 0.375 - 12.7062 * 0.125, 1e-4);
  EXPECT_NEAR(point["ci"]["high"].get<double>(), 0.375 + 12.7062 * 0.125, 1e-4);

  // Folders stand for their files.
  const auto text =
      Eyechart({"detect", "compare", (folder_ / "b").string(), a});
  ASSERT_EQ(text.exit_code, 0) << text.err;
  EXPECT_TRUE(Has(text.out, "AP              0.2500 against 0.5000"))
      << text.out;
  EXPECT_TRUE(Has(text.out, "-0.3750 against " + a + ", 2 seeds  95% ["))
      << text.out;
}

TEST_F(DetectCompare, UnlikeResultsAreRefused) {
  const std::string a = Write("a.json", Result({0.5}));
  const auto refused = [&](const char* pointer, const Json& value) {
    Json other = Result({0.25});
    other[Json::json_pointer(pointer)] = value;
    return Refused({"detect", "compare", a, Write("b.json", other)});
  };
  for (const auto& [pointer, value, told] :
       std::vector<std::tuple<const char*, Json, const char*>>{
           {"/protocol", "detect-set", "of protocol \"detect-set\""},
           {"/training/steps", 4, "steps 4 against 3"},
           {"/training/denoising", 100, "denoising 100 against none;"},
           {"/find/min_score", 0.3, "min_score 0.3 against 0.001"},
           {"/find/before_nms", 10, "before_nms 10 against 1000"},
           {"/input/keep_aspect", true, "keep_aspect true against false"},
           {"/nms/iou", 0.5, "NMS iou 0.5 against 0.6"},
           {"/head_shape/width", 64, "head width 64 against 32"},
           {"/dataset_sha256/test", "d", "the test pictures or boxes"},
           {"/test_part", "valid", "tested on part \"valid\""},
           {"/runs/seeds", {9}, "it has none of this one's seeds, [0]"},
           {"/runs/scores", Json::array(), "lacks runs with seeds"},
           {"/runs",
            {{"seeds", {0, 0}}, {"scores", {0.1, 0.9}}},
            "seed 0 stands twice"},
           {"/runs/scores", {1e308}, "a score of 1e+308 is none"}}) {
    const std::string error = refused(pointer, value);
    EXPECT_TRUE(Has(error, told)) << error;
  }
  // Of soft-gaussian there is no overlap to differ in.
  Json first = Result({0.5}), second = Result({0.25});
  for (Json* json : {&first, &second})
    (*json)["nms"].update({{"semantics", "soft-gaussian"}, {"sigma", 0.5}});
  second["nms"]["iou"] = 0.3;
  EyechartJson(
      {"detect", "compare", Write("c.json", first), Write("d.json", second)});
}

TEST_F(DetectCompare, FilesThatCannotBeAreNamed) {
  const std::string a = Write("a.json", Result({0.5}));
  std::filesystem::create_symlink("loop.json", folder_ / "loop.json");
  for (const std::string& other :
       {(folder_ / "loop.json").string(),
        (folder_ / std::string(300, 'x')).string(),
        Write("curve.json", {{{"images", std::string(400, 'x')}}})})
    EXPECT_TRUE(
        Has(Refused({"detect", "compare", a, other}), folder_.path().string()));
}

TEST_F(DetectCompare, WhatIsNotKnownIsAWarning) {
  const std::string a = Write("a.json", Result({0.5}));
  Json old = Result({0.25});
  old.erase("find");
  old["stages"] = "own";
  const std::string b = Write("b.json", old);
  const Json json = EyechartJson({"detect", "compare", a, b});
  ASSERT_EQ(json["warnings"].size(), 2u);
  EXPECT_TRUE(Has(json["warnings"][0], "own stages are an advantage"));
  EXPECT_TRUE(Has(json["warnings"][1], b + ": it has no \"find\""));
  // Whichever of them it is.
  const Json turned = EyechartJson({"detect", "compare", b, a});
  EXPECT_TRUE(Has(turned["warnings"][1], "this result: it has no \"find\""));
}

TEST_F(DetectCompare, OtherInputsAreAWarning) {
  const auto warnings = [&](int side, int stride) {
    Json one = Result({0.5}), other = Result({0.25});
    one["input"].update({{"width", 64}, {"height", 64}});
    one["levels"] = {{{"width", 32}, {"stride", 8}}};
    other["input"].update({{"width", side}, {"height", side}});
    other["levels"] = {{{"width", 16}, {"stride", stride}}};
    return EyechartJson({"detect", "compare", Write("a.json", one),
                         Write("b.json", other)})["warnings"];
  };
  EXPECT_EQ(warnings(64, 8), Json::array());
  Json told = warnings(128, 16);  // as many tokens
  ASSERT_EQ(told.size(), 1u);
  EXPECT_TRUE(Has(told[0],
                  "its pictures are laid on 128 x 128 pixels, this one's on "
                  "64 x 64:"))
      << told[0];
  told = warnings(64, 16);
  ASSERT_EQ(told.size(), 1u);
  EXPECT_TRUE(Has(told[0], "maps of 4 x 4 tokens, this one's of 8 x 8:"))
      << told[0];
  EXPECT_EQ(warnings(128, 8).size(), 2u);
}

// Hashes of an earlier rule say nothing of those of another.
TEST_F(DetectCompare, SetsHashedByAnotherRuleGoByTheirName) {
  Json now = Result({0.5});
  now["dataset_hash"] = 2;
  now["dataset_sha256"] = {{"train", "x"}, {"validation", "y"}, {"test", "z"}};
  const std::string a = Write("a.json", now);
  Json old = Result({0.25});
  const std::string b = Write("b.json", old);
  for (const auto& [one, two] : {std::pair(a, b), {b, a}}) {
    const Json told = EyechartJson({"detect", "compare", one, two})["warnings"];
    ASSERT_EQ(told.size(), 1u);
    EXPECT_TRUE(Has(told[0], "was hashed by rule ")) << told[0];
    EXPECT_TRUE(Has(told[0], "the name \"set\" and the counts")) << told[0];
  }
  old["dataset"] = "else";
  std::string error = Refused({"detect", "compare", a, Write("c.json", old)});
  EXPECT_TRUE(Has(error, "of data set \"else\"; this one is of \"set\"") &&
              Has(error, "hashed by rule 1"))
      << error;
  // By one rule they decide.
  old["dataset_hash"] = 2;
  error = Refused({"detect", "compare", a, Write("c.json", old)});
  EXPECT_TRUE(Has(error, "the train pictures or boxes")) << error;
}

TEST_F(DetectCompare, CurvesArePairedByPictures) {
  for (const char* encoder : {"a", "b"}) {
    const std::string folder = encoder;
    const double ap = folder == "a" ? 0.5 : 0.25;
    Write(folder + "/images-all/detect.json", Result({ap}));
    Write(folder + "/images-4/detect.json", Result({ap / 2}, 4));
  }
  Write("a/curve.json", {{{"images", 24}, {"folder", "images-all"}},
                         {{"images", 4}, {"folder", "images-4"}}});
  Write("b/curve.json", {{{"images", 4}}, {{"images", 24}}});  // of before
  const std::string a = (folder_ / "a").string(), b = (folder_ / "b").string();
  const Json json = EyechartJson({"detect", "compare", a, b});
  ASSERT_EQ(json["points"].size(), 2u);
  EXPECT_EQ(json["points"][0]["images"], 24);
  EXPECT_EQ(json["points"][0]["difference"], 0.25);
  EXPECT_EQ(json["points"][1]["images"], 4);
  EXPECT_EQ(json["points"][1]["difference"], 0.125);
  // One point against a curve.
  EXPECT_EQ(
      EyechartJson({"detect", "compare", a + "/images-4", b})["points"].size(),
      1u);
  // A folder in which both were made does not say which is meant.
  Write("a/detect.json", Result({0.5}));
  EXPECT_TRUE(Has(Refused({"detect", "compare", a, b}),
                  "has a detect.json and a curve.json"));
}

}  // namespace
}  // namespace eyechart
