#include "data/boxes/coco_json.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "data/boxes/box_dataset.h"
#include "tests/data/boxes/box_fixture.h"

namespace eyechart::data {
namespace {

BoxDataset Open(const testing::TempFolder& folder, const Json& coco) {
  WriteCoco(folder / "c.json", coco);
  return OpenBoxDataset(folder / "c.json", "");
}

// The error that one changed JSON gives.
std::string ErrorOf(const std::function<void(Json&)>& change) {
  const testing::TempFolder folder;
  Json coco = PlainCoco();
  change(coco);
  return testing::InputErrorOf([&] { Open(folder, coco); });
}

void ExpectTold(const std::string& error, std::vector<std::string> parts) {
  for (const std::string& part : parts)
    EXPECT_NE(error.find(part), std::string::npos) << part << "\n" << error;
}

TEST(CocoJson, ReadsAPlainSet) {
  const testing::TempFolder folder;
  const BoxDataset set = Open(folder, PlainCoco());
  EXPECT_EQ(set.kind, "coco");
  EXPECT_TRUE(set.warnings.empty()) << set.warnings.front().kind;
  ASSERT_EQ(set.categories.size(), 2u);
  EXPECT_EQ(set.categories[0].supercategory, "animal");
  EXPECT_EQ(set.categories[1].id, 5);
  ASSERT_EQ(set.images.size(), 2u);
  EXPECT_EQ(set.images[1].id, "9");
  EXPECT_EQ(set.images[1].number, 9);
  EXPECT_EQ(set.images[1].file, folder / "sub/b.bmp");
  EXPECT_FALSE(set.images[1].missing);
  ASSERT_EQ(set.boxes.size(), 3u);
  EXPECT_EQ(set.boxes[0].image, 1u);
  EXPECT_EQ(set.boxes[0].category, 1u);
  EXPECT_EQ(set.boxes[0].w, 30.5);
  EXPECT_EQ(set.boxes[0].area, 600);
  EXPECT_EQ(set.boxes[1].area, 8000);
  EXPECT_FALSE(set.boxes[1].crowd);
  EXPECT_TRUE(set.boxes[2].crowd);
  EXPECT_EQ(set.boxes[2].id, 13);
}

TEST(CocoJson, CountsWhatIsOdd) {
  const testing::TempFolder folder;
  Json coco = PlainCoco();
  Json& boxes = coco["annotations"];
  boxes[0]["bbox"] = {-3, 2, 30, 40};  // beyond the left edge
  boxes[1]["bbox"] = {100, 0, 5, 5};   // outside: touching is no overlap
  boxes[2]["bbox"] = {1, 1, 0, 9};     // degenerate
  for (const Json& box : {Json{0, 0, 100.02, 80}, Json{0, 0, 100.03, 80},
                          Json{0, 0, 100.03, 80}, Json{3, 3, -2, 4}}) {
    boxes.push_back(boxes[1]);
    boxes.back()["bbox"] = box;
    boxes.back()["id"] = 20 + static_cast<int>(boxes.size());
  }
  boxes.push_back({{"id", 90}, {"image_id", 7}, {"category_id", 3}});
  boxes.push_back(boxes.back());
  boxes.back()["bbox"] = Json::array();
  const BoxDataset set = Open(folder, coco);
  EXPECT_EQ(CountOf(set, "box_beyond_edge"), 3);
  EXPECT_EQ(CountOf(set, "box_outside"), 1);
  EXPECT_EQ(CountOf(set, "box_degenerate"), 2);
  EXPECT_EQ(CountOf(set, "box_twice"), 1);
  EXPECT_EQ(CountOf(set, "annotation_without_box"), 2);
  EXPECT_EQ(ExampleOf(set, "box_beyond_edge"),
            "sub/b.bmp: box 11, dog at [-3, 2, 30, 40]");
  // Kept as they are.
  ASSERT_EQ(set.boxes.size(), 7u);
  EXPECT_EQ(set.boxes[0].x, -3);
  EXPECT_EQ(set.boxes[6].w, -2);
}

TEST(CocoJson, NumbersAnnotationsWhoseIdsWillNotDo) {
  const testing::TempFolder folder;
  const auto ids = [&](const Json& a, const Json& b, const Json& c) {
    Json coco = PlainCoco();
    const Json given[] = {a, b, c};
    for (std::size_t i = 0; i < 3; ++i) {
      coco["annotations"][i]["id"] = given[i];
      if (given[i].is_null()) coco["annotations"][i].erase("id");
    }
    return Open(folder, coco);
  };
  const auto expect = [](const BoxDataset& set, const char* kind, int count) {
    EXPECT_EQ(CountOf(set, kind), count) << kind;
    for (std::size_t i = 0; i < 3; ++i)
      EXPECT_EQ(set.boxes[i].id, static_cast<std::int64_t>(i) + 1);
  };
  expect(ids(0, 1, 2), "annotation_id_below_one", 1);
  expect(ids(-4, -3, 2), "annotation_id_below_one", 2);
  expect(ids(8, 8, 8), "annotation_id_twice", 2);
  expect(ids(8, "x", Json()), "annotation_id_unusable", 2);
  // Texts and 3.0 are ids too.
  EXPECT_EQ(ids("30", 4.0, 2).boxes[0].id, 30);
  EXPECT_EQ(ids("30", 4.0, 2).boxes[1].id, 4);
}

TEST(CocoJson, TakesTextsForIds) {
  const testing::TempFolder folder;
  Json coco = PlainCoco();
  coco["images"][0]["id"] = "seven";
  coco["annotations"][1]["image_id"] = "seven";
  coco["annotations"][0]["image_id"] = "9";  // 9 and "9" are the same
  coco["categories"][0]["id"] = "c";
  coco["annotations"][1]["category_id"] = "c";
  coco["annotations"][2]["category_id"] = "c";
  const BoxDataset set = Open(folder, coco);
  EXPECT_EQ(set.images[0].id, "seven");
  EXPECT_EQ(set.images[0].number, 1);
  EXPECT_EQ(set.images[1].number, 2);
  EXPECT_EQ(set.categories[1].id, 2);
  EXPECT_EQ(set.boxes[0].image, 1u);
  EXPECT_EQ(set.boxes[1].image, 0u);
  EXPECT_EQ(CountOf(set, "text_image_id"), 1);
  EXPECT_EQ(CountOf(set, "text_category_id"), 1);
}

TEST(CocoJson, NamesTheEntryThatIsWrong) {
  ExpectTold(ErrorOf([](Json& c) { c["annotations"][1]["image_id"] = 99; }),
             {"annotations[1] (id 12)", "image_id 99 is none of the images"});
  ExpectTold(ErrorOf([](Json& c) { c["annotations"][2]["category_id"] = 4; }),
             {"annotations[2] (id 13)", "category_id 4", "the categories"});
  ExpectTold(ErrorOf([](Json& c) { c["annotations"][0].erase("image_id"); }),
             {"annotations[0]", "\"image_id\""});
  ExpectTold(ErrorOf([](Json& c) { c["annotations"][0]["image_id"] = true; }),
             {"annotations[0]", "\"image_id\""});
  ExpectTold(ErrorOf([](Json& c) { c["annotations"][0]["image_id"] = 9.5; }),
             {"\"image_id\" should be"});
  ExpectTold(ErrorOf([](Json& c) {
               c["annotations"][0]["bbox"] = {1, 2, 3};
             }),
             {"annotations[0]", "[1,2,3]", "4 numbers"});
  ExpectTold(ErrorOf([](Json& c) {
               c["annotations"][0]["bbox"] = {1, 2, 3, "4"};
             }),
             {"annotations[0]", "4 numbers"});
  ExpectTold(ErrorOf([](Json& c) { c["annotations"][0]["iscrowd"] = 2; }),
             {"annotations[0]", "\"iscrowd\" is 2"});
  ExpectTold(ErrorOf([](Json& c) { c["annotations"][0]["area"] = "5"; }),
             {"annotations[0]", "\"area\""});
  ExpectTold(ErrorOf([](Json& c) { c["annotations"][0] = 5; }),
             {"annotations[0]", "an object"});
  ExpectTold(ErrorOf([](Json& c) { c["images"][1]["id"] = 7; }),
             {"images[1]", "has the id 7 of image \"a.bmp\""});
  ExpectTold(ErrorOf([](Json& c) { c["images"][1]["id"] = Json(); }),
             {"images[1]", "\"id\""});
  ExpectTold(ErrorOf([](Json& c) { c["images"][0]["width"] = -1; }),
             {"images[0]", "\"width\" is -1"});
  ExpectTold(ErrorOf([](Json& c) { c["images"][0]["width"] = 1e300; }),
             {"images[0]", "width"});
  ExpectTold(ErrorOf([](Json& c) { c["images"][0].erase("file_name"); }),
             {"images[0]", "\"file_name\""});
  ExpectTold(ErrorOf([](Json& c) { c["images"][0]["file_name"] = "../a.bmp"; }),
             {"images[0]", "leaves its root"});
  ExpectTold(ErrorOf([](Json& c) { c["images"][0]["file_name"] = "/a.bmp"; }),
             {"images[0]", "absolute"});
  ExpectTold(ErrorOf([](Json& c) { c["categories"][1]["id"] = 3; }),
             {"categories[1]", "the id 3 stands twice"});
  ExpectTold(ErrorOf([](Json& c) { c["categories"][1]["name"] = 3; }),
             {"categories[1]", "name"});
  for (const char* key : {"images", "annotations", "categories"}) {
    ExpectTold(ErrorOf([&](Json& c) { c.erase(key); }), {key, "a list"});
    ExpectTold(ErrorOf([&](Json& c) { c[key] = "x"; }), {key, "a list"});
  }
  ExpectTold(ErrorOf([](Json& c) { c = Json::array(); }), {"a list"});
}

TEST(CocoJson, RefusesTextThatIsNoJson) {
  const testing::TempFolder folder;
  const std::string whole = PlainCoco().dump();
  for (const std::string& text :
       {whole.substr(0, whole.size() / 2), std::string(), std::string("\0", 1),
        std::string(R"({"images": [1e999]})"),
        // Python writes this, JSON has no word for it.
        std::string(R"({"images": [], "annotations": [{"bbox": [NaN]}]})")}) {
    testing::WriteText(folder / "c.json", text);
    ExpectTold(
        testing::InputErrorOf([&] { OpenBoxDataset(folder / "c.json", ""); }),
        {"c.json", "not valid JSON"});
  }
}

TEST(CocoJson, SaysWhereAFileIsCut) {
  const testing::TempFolder folder;
  const std::string whole = PlainCoco().dump();
  const auto told = [&](const std::string& text) {
    testing::WriteText(folder / "c.json", text);
    return testing::InputErrorOf(
        [&] { OpenBoxDataset(folder / "c.json", ""); });
  };
  const std::size_t half = whole.size() / 2;
  ExpectTold(told(whole.substr(0, half)),
             {"c.json", fmt::format("it ends after byte {} (line 1)", half),
              "it seems cut"});
  ExpectTold(told(""), {"c.json", "it is empty (0 bytes)"});
  ExpectTold(
      told(whole + "\n{}"),
      {"c.json", fmt::format("more behind its end, from byte {} (line 2)",
                             whole.size() + 2)});
}

TEST(CocoJson, RefusesDeepNesting) {
  const testing::TempFolder folder;
  Json coco = PlainCoco();
  // Brackets in texts are none.
  coco["info"] = std::string(300, '[') + "\"" + std::string(300, '{');
  EXPECT_EQ(Open(folder, coco).boxes.size(), 3u);
  for (const int depth : {250, 300, 1000000}) {
    testing::WriteText(
        folder / "c.json",
        PlainCoco().dump().insert(1, "\"info\": " + std::string(depth, '[') +
                                         std::string(depth, ']') + ","));
    const std::string error =
        testing::InputErrorOf([&] { OpenBoxDataset(folder / "c.json", ""); });
    EXPECT_EQ(error.empty(), depth == 250) << error;
    if (depth > 250) ExpectTold(error, {"c.json", "deeper than 256"});
  }
}

TEST(CocoJson, MarksPicturesThatAreNotThere) {
  const testing::TempFolder folder;
  WriteCoco(folder / "c.json", PlainCoco());
  std::filesystem::remove(folder / "a.bmp");
  const BoxDataset set = OpenBoxDataset(folder / "c.json", "");
  EXPECT_TRUE(set.images[0].missing);
  EXPECT_EQ(CountOf(set, "missing_picture"), 1);
  EXPECT_EQ(ExampleOf(set, "missing_picture"), "a.bmp");
  // All of them: the folder is the wrong one.
  std::filesystem::remove(folder / "sub/b.bmp");
  ExpectTold(
      testing::InputErrorOf([&] { OpenBoxDataset(folder / "c.json", ""); }),
      {"none of its 2 pictures", "a.bmp"});
  BoxOptions options;
  options.allow_no_pictures = true;
  EXPECT_EQ(CountOf(OpenBoxDataset(folder / "c.json", "", options),
                    "missing_picture"),
            2);
  options.pictures = folder / "nowhere";
  ExpectTold(testing::InputErrorOf(
                 [&] { OpenBoxDataset(folder / "c.json", "", options); }),
             {"nowhere", "no such folder"});
}

TEST(CocoJson, TakesSizesFromHeadersWhereItHasNone) {
  const testing::TempFolder folder;
  Json coco = PlainCoco();
  coco["images"][0].erase("width");
  const BoxDataset set = Open(folder, coco);
  EXPECT_EQ(set.images[0].width, 100);
  EXPECT_EQ(set.images[0].height, 80);
  EXPECT_EQ(CountOf(set, "no_size"), 1);
}

TEST(CocoJson, SeesNamesAndFilesTwice) {
  const testing::TempFolder folder;
  Json coco = PlainCoco();
  coco["images"][1]["file_name"] = "./a.bmp";
  coco["categories"][1]["name"] = "cat";
  const BoxDataset set = Open(folder, coco);
  EXPECT_EQ(ExampleOf(set, "file_twice"), "./a.bmp: images 7 and 9");
  EXPECT_EQ(ExampleOf(set, "category_name_twice"), "cat");
}

}  // namespace
}  // namespace eyechart::data
