#include "probes/detection/evaluation/read_detections.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>

#include "probes/detection/evaluation/read_truth.h"
#include "tests/fixture.h"

namespace eyechart::detection {
namespace {

using eyechart::testing::InputErrorOf;
using eyechart::testing::TempFolder;
using eyechart::testing::WriteText;

constexpr const char* kTruth = R"({
  "info": {"x": [1, {"y": "}, {"}]},
  "annotations": [
    {"id": 0, "image_id": 7, "category_id": 2, "bbox": [1, 2.5, 3, 4],
     "area": 10, "iscrowd": 0, "ignore": true, "segmentation": [[1, 2, 3]]},
    {"id": 1, "image_id": 99, "category_id": 2, "bbox": [1, 2, 0, 4],
     "area": 1e1, "iscrowd": true, "ignore": 1},
    {"id": 2, "image_id": 3, "category_id": 9, "bbox": [1, 2, 3, 4],
     "area": 12, "iscrowd": 0, "ignore": 1}],
  "images": [{"id": 7}, {"id": 3, "file_name": "a"}, {"id": 7}],
  "categories": [{"id": 2, "name": "dog"}, {"id": 1, "name": "cat"}]})";

Truth ReadIt(std::vector<std::string>* warnings = nullptr) {
  std::vector<std::string> mine;
  return ParseTruth(kTruth, "gt", warnings == nullptr ? mine : *warnings);
}

TEST(ReadTruthTest, ReadsListsInAnyOrderAndTellsWhatIsOdd) {
  std::vector<std::string> warnings;
  const Truth truth = ReadIt(&warnings);
  EXPECT_EQ(truth.images.numbers, (std::vector<std::int64_t>{3, 7}));
  ASSERT_EQ(truth.categories.size(), 2u);
  EXPECT_EQ(truth.categories[1].name, "dog");
  ASSERT_EQ(truth.size(), 3u);
  EXPECT_EQ(truth.image[0], 1);
  EXPECT_EQ(truth.image[1], -1);
  EXPECT_EQ(truth.category[0], 1);
  EXPECT_EQ(truth.category[2], -1);
  EXPECT_EQ(truth.y[0], 2.5);
  EXPECT_EQ(truth.crowd[1], 1);
  EXPECT_EQ(truth.area[1], 10);
  std::string all;
  for (const std::string& warning : warnings) all += warning + "\n";
  EXPECT_NE(all.find("1 image has an id that another"), std::string::npos);
  EXPECT_NE(all.find("1 annotation is in an image that it lacks: left out "
                     "(first annotations[1]: image_id 99)"),
            std::string::npos)
      << all;
  EXPECT_NE(all.find("1 annotation has a category that it lacks: left out "
                     "(first annotations[2]: category_id 9)"),
            std::string::npos)
      << all;
  EXPECT_NE(all.find("2 annotations have \"ignore\""), std::string::npos);
  EXPECT_NE(all.find("1 annotation has a box without"), std::string::npos);
}

TEST(ReadTruthTest, CountsHowOftenACategoryIsListed) {
  std::vector<std::string> warnings;
  const Truth truth = ParseTruth(
      R"({"images": [], "annotations": [], "categories": [
          {"id": 0, "name": "a"}, {"id": 4, "name": "b"},
          {"id": 0, "name": "c"}]})",
      "gt", warnings);
  ASSERT_EQ(truth.categories.size(), 2u);
  EXPECT_EQ(truth.categories[0].name, "c");  // the last of an id
  EXPECT_EQ(truth.categories[0].listed, 2);
  EXPECT_EQ(truth.categories[1].listed, 1);
}

TEST(ReadTruthTest, NamesWhatIsWrong) {
  const auto error = [](const std::string& json) {
    std::vector<std::string> warnings;
    return InputErrorOf([&] { ParseTruth(json, "gt.json", warnings); });
  };
  EXPECT_NE(error("[]").find("should be an object"), std::string::npos);
  EXPECT_NE(error("").find("not a JSON file"), std::string::npos);
  EXPECT_NE(error("{}").find("\"images\" is missing"), std::string::npos);
  EXPECT_NE(error(R"({"images": 3})").find("should be a list"),
            std::string::npos);
  EXPECT_NE(error(R"({"images": [{"id": 1}, {"id": 1.5}]})")
                .find("images[1]: id should be"),
            std::string::npos);
  EXPECT_NE(error(R"({"images": [{}]})").find("images[0]: key \"id\""),
            std::string::npos);
  EXPECT_NE(error(R"({"categories": [{"id": "1"}]})")
                .find("categories[0]: id should be an integer (images alone "
                      "may have texts); it is \"1\", a text"),
            std::string::npos);
  std::vector<std::string> warnings;
  const TempFolder folder;
  EXPECT_NE(InputErrorOf([&] {
              ReadTruth(folder / "no.json", warnings);
            }).find("no.json: cannot be opened: No such file"),
            std::string::npos);
  EXPECT_NE(InputErrorOf([&] {
              ReadTruth(folder.path(), warnings);
            }).find("is not a regular file"),
            std::string::npos);
}

// Some programs begin UTF-8 with a mark; others write what is none.
TEST(ReadTruthTest, Encodings) {
  std::vector<std::string> warnings;
  const std::string mark = "\xEF\xBB\xBF";
  EXPECT_EQ(ParseTruth(mark + kTruth, "gt.json", warnings).size(), 3u);
  EXPECT_NE(InputErrorOf([&] {
              ParseTruth(mark, "gt.json", warnings);
            }).find("gt.json: not a JSON file: it holds nothing"),
            std::string::npos);
  EXPECT_NE(InputErrorOf([&] {
              ParseTruth("\x1F\x8B\x08", "gt.json", warnings);
            }).find("gt.json: not a JSON file: it is gzip: unpack it first"),
            std::string::npos);
}

// Whatever the parser takes a cut for: a number, an entry, a key that lacks.
TEST(ReadTruthTest, EveryCutIsCalledOne) {
  const std::string whole = kTruth;
  std::vector<std::string> warnings;
  for (std::size_t n = 1; n < whole.size(); ++n) {
    const std::string told = InputErrorOf(
        [&] { ParseTruth(whole.substr(0, n), "gt.json", warnings); });
    ASSERT_NE(told.find(fmt::format(
                  "gt.json: not a JSON file: it ends after byte {} ", n)),
              std::string::npos)
        << told;
    ASSERT_NE(told.find("it seems cut"), std::string::npos) << told;
  }
  EXPECT_NE(
      InputErrorOf([&] { ParseTruth(whole + " {}", "gt.json", warnings); })
          .find(fmt::format("more behind its end, from byte {} ",
                            whole.size() + 2)),
      std::string::npos);
}

std::string Entry(int i) {
  return fmt::format(
      "{{\"image_id\": {}, \"category_id\": {}, \"bbox\": [{}.25, {}, 3, 4], "
      "\"score\": 0.{}}}",
      i % 2 == 0 ? 7 : 3, 1 + i % 2, i, -i, i % 1000 + 1);
}

TEST(ReadDetectionsTest, PartsGiveWhatTheWholeGives) {
  const TempFolder folder;
  const Truth truth = ReadIt();
  // Some megabytes: several parts. The second way of writing breaks the
  // pattern in the middle, the third has what looks like a seam within entries.
  std::string plain = " [", mixed = "[\n", tricky = "[";
  constexpr int kEntries = 20000;
  for (int i = 0; i < kEntries; ++i) {
    const std::string separator = i == 0 ? "" : ", ";
    plain += separator + Entry(i);
    std::string other = Entry(i);
    if (i % 1000 == 999) other.insert(1, "\"id\": [{}, {}], ");
    mixed += separator + other;
    other = Entry(i);
    other.insert(1, "\"x\": \"}, {\", \"y\": [{\"a\": 1}, {\"a\": 2}], ");
    tricky += separator + other;
  }
  for (const std::string& text : {plain + "] ", mixed + "\n]", tricky + "]"}) {
    WriteText(folder / "dt.json", text);
    std::vector<std::string> warnings;
    const Detections read =
        ReadDetections(folder / "dt.json", truth, 2, warnings);
    EXPECT_TRUE(warnings.empty());
    ASSERT_EQ(read.size(), static_cast<std::size_t>(kEntries));
    // By category, in the file's order: even ones are of category 1.
    for (std::size_t j = 0; j < read.size(); ++j) {
      const auto i =
          static_cast<int>(j < kEntries / 2 ? 2 * j : 2 * j - kEntries + 1);
      ASSERT_EQ(read.category[j], i % 2);
      ASSERT_EQ(read.image[j], i % 2 == 0 ? 1 : 0);
      ASSERT_EQ(read.x[j], i + 0.25);
      ASSERT_EQ(read.y[j], -i);
      ASSERT_EQ(read.height[j], 4);
      ASSERT_EQ(read.score[j], std::stod("0." + std::to_string(i % 1000 + 1)));
    }
  }
  // What is wrong far behind is named by its place in the file.
  WriteText(folder / "dt.json", plain + R"(, {"image_id": 5, "category_id": 1,)"
                                        R"( "bbox": [1,2,3,4], "score": 1}])");
  std::vector<std::string> warnings;
  EXPECT_NE(InputErrorOf([&] {
              ReadDetections(folder / "dt.json", truth, 2, warnings);
            }).find("entry 20000: image_id 5"),
            std::string::npos);
  WriteText(folder / "dt.json", plain);  // the bracket is missing
  EXPECT_NE(InputErrorOf(
                [&] { ReadDetections(folder / "dt.json", truth, 2, warnings); })
                .find(fmt::format("it ends after byte {} (line 1), with 1 "
                                  "bracket open",
                                  plain.size())),
            std::string::npos);
}

TEST(ReadDetectionsTest, EveryCutIsCalledOne) {
  const Truth truth = ReadIt();
  const std::string whole = "[" + Entry(0) + ", " + Entry(1) + "]";
  std::vector<std::string> warnings;
  for (std::size_t n = 1; n < whole.size(); ++n) {
    const std::string told = InputErrorOf([&] {
      ParseDetections(whole.substr(0, n), "dt.json", truth, warnings);
    });
    ASSERT_NE(told.find(fmt::format(
                  "dt.json: not a JSON file: it ends after byte {} ", n)),
              std::string::npos)
        << told;
    ASSERT_NE(told.find("it seems cut"), std::string::npos) << told;
  }
  for (const std::string more : {"]", "[]", ", {}"})
    EXPECT_NE(InputErrorOf([&] {
                ParseDetections(whole + more, "dt.json", truth, warnings);
              }).find("more behind its end, from byte"),
              std::string::npos)
        << more;
}

TEST(ReadFilesTest, OrderOfTheFile) {
  const TempFolder folder;
  WriteText(folder / "gt.json", kTruth);
  // Of several parts, with categories by turns and one that is unknown.
  constexpr int kEntries = 20000;
  std::string text = "[" + Entry(0);
  for (int i = 1; i < kEntries; ++i) text += ", " + Entry(i);
  text += R"(, {"image_id": 7, "category_id": 44, "bbox": [1,2,3,4],)"
          R"( "score": 1}, )" +
          Entry(kEntries) + "]";
  WriteText(folder / "dt.json", text);
  const EvaluationFiles files = ReadFiles(
      folder / "gt.json", folder / "dt.json", /*threads=*/2, Order::kOfFile);
  const Detections& read = files.detections;
  ASSERT_EQ(read.size(), kEntries + 2u);
  EXPECT_EQ(read.category[kEntries], -1);
  for (std::size_t j = 0; j < read.size(); ++j) {
    if (j == kEntries) continue;
    const int i = static_cast<int>(j) - (j > kEntries ? 1 : 0);
    ASSERT_EQ(read.x[j], i + 0.25);
    ASSERT_EQ(read.category[j], i % 2);
  }
  EXPECT_NE(files.warnings.back().find("1 detection in a category"),
            std::string::npos);
}

TEST(ReadDetectionsTest, SmallFilesAndTexts) {
  const Truth truth = ReadIt();
  std::vector<std::string> warnings;
  EXPECT_EQ(ParseDetections("[]", "dt", truth, warnings).size(), 0u);
  EXPECT_EQ(ParseDetections(" [ ] ", "dt", truth, warnings).size(), 0u);
  EXPECT_EQ(warnings.size(), 2u);
  warnings.clear();
  EXPECT_EQ(ParseDetections("[" + Entry(1) + "]", "dt", truth, warnings).size(),
            1u);
  EXPECT_TRUE(warnings.empty());
  const Detections read = ParseDetections(
      "[" + Entry(0) +
          R"(,{"score":1,"bbox":[1,2,3,4],"category_id":44,"image_id":7.0}])",
      "dt", truth, warnings);
  ASSERT_EQ(read.size(), 2u);
  EXPECT_EQ(read.category[1], -1);
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_NE(warnings[0].find("1 detection in a category"), std::string::npos);
  EXPECT_NE(warnings[0].find("(44)"), std::string::npos);

  Truth texts;
  texts.images.texts = {"a", "b"};
  texts.categories = {{1, "x"}};
  const Detections named = ParseDetections(
      R"([{"image_id":"b","category_id":1,"bbox":[1,2,3,4],"score":1},)"
      R"({"image_id":"\u0061","category_id":1,"bbox":[1,2,3,4],"score":1}])",
      "dt", texts, warnings);
  EXPECT_EQ(named.image[0], 1);
  EXPECT_EQ(named.image[1], 0);
}

TEST(ReadDetectionsTest, IdsOfAnotherTypeAreCalledThat) {
  const auto error = [](const Truth& truth, const std::string& image,
                        const std::string& category) {
    std::vector<std::string> warnings;
    return InputErrorOf([&] {
      ParseDetections(R"([{"image_id": )" + image + R"(, "category_id": )" +
                          category + R"(, "bbox": [1, 2, 3, 4], "score": 1}])",
                      "dt.json", truth, warnings);
    });
  };
  Truth truth = ReadIt();
  EXPECT_NE(
      error(truth, "\"7\"", "2")
          .find("entry 0: image_id \"7\" is none of the ground truth's images; "
                "it is a text, the ground truth has numbers"),
      std::string::npos);
  EXPECT_NE(error(truth, "8", "2").find("should be of the same images"),
            std::string::npos);
  EXPECT_NE(error(truth, "7", "\"2\"")
                .find("entry 0: category_id should be an integer, as the "
                      "ground truth's are; it is \"2\", a text"),
            std::string::npos);
  truth.images = {{3, 7}, {"12", "a"}};
  truth.sizes.clear();
  EXPECT_NE(error(truth, "12", "2")
                .find("it is a number, the ground truth has "
                      "texts"),
            std::string::npos);
  EXPECT_NE(error(truth, "\"7\"", "2").find("it is a text, the ground truth"),
            std::string::npos);
  EXPECT_NE(error(truth, "\"b\"", "2").find("should be of the same images"),
            std::string::npos);
}

TEST(ReadDetectionsTest, Encodings) {
  const TempFolder folder;
  const Truth truth = ReadIt();
  std::vector<std::string> warnings;
  const std::string mark = "\xEF\xBB\xBF";
  std::string text = mark + " [" + Entry(0);
  for (int i = 1; i < 20000; ++i) text += ", " + Entry(i);
  WriteText(folder / "dt.json", text + "]");  // of several parts
  EXPECT_EQ(ReadDetections(folder / "dt.json", truth, 2, warnings).size(),
            20000u);
  // One entry, and one that the parser of patterns cannot take.
  EXPECT_EQ(ParseDetections(mark + "[" + Entry(0) + "]", "dt", truth, warnings)
                .size(),
            1u);
  EXPECT_EQ(ParseDetections(mark + R"([{"image_id": 7, "x": "\u0041", "bbox":)"
                                   R"( [1, 2, 3, 4], "category_id": 2,)"
                                   R"( "score": 1}])",
                            "dt", truth, warnings)
                .size(),
            1u);
  EXPECT_TRUE(warnings.empty());
  const auto error = [&](const std::string& bytes) {
    return InputErrorOf(
        [&] { ParseDetections(bytes, "dt.json", truth, warnings); });
  };
  EXPECT_NE(error(mark + "[{").find("it ends after byte 5 "),
            std::string::npos);
  EXPECT_NE(error("\x1F\x8B\x08").find("it is gzip: unpack it first"),
            std::string::npos);
  EXPECT_NE(error("\xFF\xFE[\n").find("it is UTF-16: should be UTF-8"),
            std::string::npos);
}

}  // namespace
}  // namespace eyechart::detection
