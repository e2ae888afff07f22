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

TEST(CocoJson, ListsNumbersWrittenAsTexts) {
  const testing::TempFolder folder;
  Json coco = PlainCoco();
  coco["images"][0]["id"] = "7";
  coco["categories"][1]["id"] = "5";
  coco["annotations"][0]["id"] = "11";
  coco["annotations"][0]["image_id"] = "9";  // a row counts once
  coco["annotations"][2]["category_id"] = "3";
  const BoxDataset set = Open(folder, coco);
  EXPECT_EQ(CountOf(set, "id_number_as_text"), 4);
  EXPECT_EQ(ExampleOf(set, "id_number_as_text"),
            "categories[1]: \"id\" is \"5\"");
  EXPECT_EQ(CountOf(set, "text_image_id"), 0);
  EXPECT_EQ(set.images[0].number, 7);
  EXPECT_EQ(set.categories[1].id, 5);
  EXPECT_EQ(set.boxes[0].id, 11);
  EXPECT_EQ(set.boxes[0].image, 1u);
  // A text that is no number is another oddity.
  coco["images"][0]["id"] = "07";
  coco["annotations"][1]["image_id"] = "07";
  EXPECT_EQ(CountOf(Open(folder, coco), "id_number_as_text"), 3);
  EXPECT_EQ(CountOf(Open(folder, coco), "text_image_id"), 1);
}

TEST(CocoJson, DropsAndCountsRowsThatCannotBeUsed) {
  const auto expect = [](const std::function<void(Json&)>& change,
                         const char* kind, const std::string& example) {
    const testing::TempFolder folder;
    Json coco = PlainCoco();
    change(coco["annotations"]);
    const BoxDataset set = Open(folder, coco);
    EXPECT_EQ(CountOf(set, kind), 1) << kind;
    EXPECT_EQ(ExampleOf(set, kind), example);
    EXPECT_EQ(set.warnings.size(), 1u) << example;
    EXPECT_EQ(set.boxes.size(), 2u) << example;
  };
  expect([](Json& a) { a[1]["image_id"] = 99; }, "annotation_image_unknown",
         "annotations[1] (id 12): image_id 99 is none of the images");
  expect([](Json& a) { a[2]["category_id"] = "4"; },
         "annotation_category_unknown",
         "annotations[2] (id 13): category_id \"4\" is none of the categories");
  for (const Json& value : {Json(), Json(true), Json(9.5)})
    expect([&](Json& a) { a[0]["image_id"] = value; }, "annotation_unusable",
           "annotations[0] (id 11): key \"image_id\" should be an integer or a "
           "text");
  expect([](Json& a) { a[0].erase("category_id"); }, "annotation_unusable",
         "annotations[0] (id 11): key \"category_id\" should be an integer or "
         "a text");
  for (const Json& box : {Json{1, 2, 3}, Json{1, 2, 3, "4"},
                          Json{1, 2, 3, nullptr}, Json{1, 2, 3, 4, 5}})
    expect([&](Json& a) { a[0]["bbox"] = box; }, "box_not_four_numbers",
           fmt::format("annotations[0] (id 11): \"bbox\" is {}; it should be 4 "
                       "numbers: x, y, width, height",
                       box.dump()));
  expect([](Json& a) { a[0]["iscrowd"] = 2; }, "annotation_unusable",
         "annotations[0] (id 11): \"iscrowd\" is 2; it should be 0 or 1");
  expect([](Json& a) { a[0]["area"] = "5"; }, "annotation_unusable",
         "annotations[0] (id 11): \"area\" is \"5\"; it should be a number of "
         "pixels");
  expect([](Json& a) { a[0] = 5; }, "annotation_unusable",
         "annotations[0]: should be an object");
}

// What one part drops must not make its classes others than its siblings'.
TEST(CocoJson, ACategoryZeroOfADroppedRowStaysInAllParts) {
  Json without = PlainCoco();
  without["categories"][1]["supercategory"] = "animal";
  without["categories"].push_back({{"id", 0}, {"name", "animal"}});
  Json with = without;
  with["annotations"][0]["category_id"] = 0;
  with["annotations"][0]["bbox"] = "none";
  const testing::TempFolder folder;
  WriteCoco(folder / "train/_annotations.coco.json", with);
  WriteCoco(folder / "test/_annotations.coco.json", without);
  const BoxDataset train = OpenBoxDataset(folder.path(), "train");
  const BoxDataset test = OpenBoxDataset(folder.path(), "test");
  EXPECT_EQ(CountOf(train, "box_not_four_numbers"), 1);
  for (const BoxDataset* part : {&train, &test}) {
    EXPECT_EQ(part->categories.size(), 3u) << part->split;
    EXPECT_EQ(CountOf(*part, "dummy_category"), 0) << part->split;
  }
  // Where none is of it in any part, it goes.
  WriteCoco(folder / "train/_annotations.coco.json", without);
  EXPECT_EQ(OpenBoxDataset(folder.path(), "train").categories.size(), 2u);
}

TEST(CocoJson, RefusesAListThatStandsTwice) {
  const testing::TempFolder folder;
  WriteCoco(folder / "c.json", PlainCoco());
  const std::string plain = PlainCoco().dump();
  for (const std::string key : {"images", "annotations", "categories"}) {
    testing::WriteText(folder / "c.json",
                       fmt::format("{{\"{}\" : [], {}", key, plain.substr(1)));
    const std::string error =
        testing::InputErrorOf([&] { OpenBoxDataset(folder / "c.json", ""); });
    EXPECT_NE(error.find(fmt::format(
                  "c.json: the key \"{}\" stands twice, at bytes 2 and ", key)),
              std::string::npos)
        << error;
  }
  // Elsewhere they are no lists of the set.
  testing::WriteText(folder / "c.json",
                     "{\"info\": {\"images\": \"\\\"}\"}, \"x\": \"images\", " +
                         plain.substr(1));
  EXPECT_EQ(
      testing::InputErrorOf([&] { OpenBoxDataset(folder / "c.json", ""); }),
      "");
}

TEST(CocoJson, RefusesAListOfNothingElse) {
  // As of another set's pictures.
  const auto spoil = [](Json& c) {
    for (Json& annotation : c["annotations"]) annotation["image_id"] = 99;
  };
  ExpectTold(ErrorOf(spoil), {"c.json: no box of it can be used", "left out: 3",
                              "annotations[0] (id 11): image_id 99"});
  const testing::TempFolder folder;
  Json coco = PlainCoco();
  spoil(coco);
  WriteCoco(folder / "c.json", coco);
  BoxOptions options;
  options.allow_no_boxes = true;
  const BoxDataset set = OpenBoxDataset(folder / "c.json", "", options);
  EXPECT_EQ(CountOf(set, "annotation_image_unknown"), 3);
  EXPECT_EQ(CountOf(set, "no_boxes"), 1);
}

TEST(CocoJson, SaysThatAPartHasNoBoxes) {
  const testing::TempFolder folder;
  Json coco = PlainCoco();
  for (Json& annotation : coco["annotations"]) annotation["iscrowd"] = 1;
  EXPECT_EQ(CountOf(Open(folder, coco), "no_boxes"), 1);
  coco["annotations"][0]["iscrowd"] = 0;
  EXPECT_EQ(CountOf(Open(folder, coco), "no_boxes"), 0);
  coco["annotations"] = Json::array();
  EXPECT_EQ(CountOf(Open(folder, coco), "no_boxes"), 1);
  coco["images"] = Json::array();  // an oddity of its own
  EXPECT_EQ(CountOf(Open(folder, coco), "no_boxes"), 0);
}

TEST(CocoJson, RefusesFilesWithoutTheirLists) {
  for (const char* key : {"images", "annotations", "categories"}) {
    ExpectTold(ErrorOf([&](Json& c) { c.erase(key); }), {key, "a list"});
    ExpectTold(ErrorOf([&](Json& c) { c[key] = "x"; }), {key, "a list"});
  }
  ExpectTold(ErrorOf([](Json& c) { c = Json::array(); }), {"a list"});
}

// One bad row of two costs its picture or class with its boxes, and is told of.
TEST(CocoJson, DropsAndCountsPicturesAndCategories) {
  const auto expect = [](const std::function<void(Json&)>& change,
                         const char* kind, std::vector<std::string> example,
                         std::size_t images, std::size_t categories,
                         std::size_t boxes) {
    const testing::TempFolder folder;
    Json coco = PlainCoco();
    change(coco);
    const BoxDataset set = Open(folder, coco);
    EXPECT_EQ(CountOf(set, kind), 1) << kind;
    ExpectTold(ExampleOf(set, kind), std::move(example));
    EXPECT_EQ(set.images.size(), images);
    EXPECT_EQ(set.categories.size(), categories);
    EXPECT_EQ(set.boxes.size(), boxes);
    // Boxes of what was left out are not of something else.
    EXPECT_EQ(CountOf(set, "annotation_image_unknown") +
                  CountOf(set, "annotation_category_unknown"),
              static_cast<std::int64_t>(3 - boxes));
  };
  const char* image = "image_unusable";
  expect([](Json& c) { c["images"][0] = 5; }, image,
         {"images[0]: should be an object"}, 1, 2, 2);
  for (const Json& id : {Json(), Json(true), Json(7.5)})
    expect([&](Json& c) { c["images"][0]["id"] = id; }, image,
           {"images[0]: key \"id\" should be an integer or a text"}, 1, 2, 2);
  expect([](Json& c) { c["images"][0].erase("file_name"); }, image,
         {"images[0]: key \"file_name\" is missing"}, 1, 2, 2);
  expect([](Json& c) { c["images"][0]["file_name"] = "../a.bmp"; }, image,
         {"images[0]", "leaves its root"}, 1, 2, 2);
  expect([](Json& c) { c["images"][0]["file_name"] = "/a.bmp"; }, image,
         {"images[0]", "absolute"}, 1, 2, 2);
  // The first stays, with the boxes of both.
  expect(
      [](Json& c) {
        c["images"][1]["id"] = "7";
        for (Json& box : c["annotations"]) box["image_id"] = 7;
      },
      "image_id_twice",
      {"images[1]: image \"sub/b.bmp\" has the id 7 of image \"a.bmp\""}, 1, 2,
      3);
  const char* category = "category_unusable";
  expect([](Json& c) { c["categories"][1]["name"] = 3; }, category,
         {"categories[1]", "name"}, 2, 1, 2);
  expect([](Json& c) { c["categories"][1].erase("id"); }, category,
         {"categories[1]: key \"id\""}, 2, 1, 2);
  for (const char* id : {"3", "c"})
    expect(
        [&](Json& c) {
          for (Json& one : c["categories"]) one["id"] = id;
          for (Json& box : c["annotations"]) box["category_id"] = id;
        },
        "category_id_twice",
        {"categories[1]: category \"dog\" has the id ", "of category \"cat\""},
        2, 1, 3);
}

// Behind a row that was left out the others keep their boxes.
TEST(CocoJson, FindsTheRowsBehindOneThatIsLeftOut) {
  const testing::TempFolder folder;
  Json coco = PlainCoco();
  coco["images"].insert(coco["images"].begin(), Json(5));
  coco["images"].insert(coco["images"].begin() + 2, coco["images"][1]);
  coco["categories"].insert(coco["categories"].begin() + 1,
                            coco["categories"][0]);
  const BoxDataset set = Open(folder, coco);
  ASSERT_EQ(set.boxes.size(), 3u);
  EXPECT_EQ(set.images[set.boxes[0].image].id, "9");
  EXPECT_EQ(set.categories[set.boxes[0].category].name, "dog");
  EXPECT_EQ(set.categories[1].id, 5);
  EXPECT_EQ(CountOf(set, "image_id_twice"), 1);
  EXPECT_EQ(CountOf(set, "category_id_twice"), 1);
}

TEST(CocoJson, RefusesWhereNothingIsLeft) {
  const auto all = [](const char* list, const char* key) {
    return ErrorOf([&](Json& c) {
      for (Json& row : c[list]) row.erase(key);
    });
  };
  ExpectTold(all("images", "id"), {"c.json: no picture of it can be used",
                                   "left out: 2, the first is images[0]"});
  ExpectTold(all("categories", "name"),
             {"c.json: no category of it can be used", "categories[0]"});
  // A part whose boxes are none is legal, whatever picture was left out.
  EXPECT_EQ(ErrorOf([](Json& c) {
              c["annotations"] = Json::array();
              c["images"][0].erase("id");
            }),
            "");
}

TEST(CocoJson, ABadSizeCostsNoPicture) {
  for (const Json& side : {Json(-1), Json(1e300), Json("100"), Json(99.5)}) {
    const testing::TempFolder folder;
    Json coco = PlainCoco();
    coco["images"][0]["width"] = side;
    coco["images"][0]["height"] = side;  // a row counts once
    const BoxDataset set = Open(folder, coco);
    EXPECT_EQ(CountOf(set, "size_unusable"), 1) << side;
    ExpectTold(ExampleOf(set, "size_unusable"),
               {"images[0]: \"width\" is " + side.dump()});
    EXPECT_EQ(set.warnings.size(), 1u) << side;
    EXPECT_EQ(set.images[0].width, 100);
    EXPECT_EQ(set.images[0].height, 80);
  }
  const testing::TempFolder folder;
  Json coco = PlainCoco();
  coco["images"][0]["width"] = -1;
  WriteCoco(folder / "c.json", coco);
  std::filesystem::remove(folder / "a.bmp");
  EXPECT_EQ(OpenBoxDataset(folder / "c.json", "").images[0].width, 0);
}

TEST(CocoJson, RefusesTextThatIsNoJson) {
  const testing::TempFolder folder;
  const std::string whole = PlainCoco().dump();
  for (const std::string& text :
       {whole.substr(0, whole.size() / 2), std::string(), std::string("\0", 1),
        std::string(R"({"images": [1e999]})")}) {
    testing::WriteText(folder / "c.json", text);
    ExpectTold(
        testing::InputErrorOf([&] { OpenBoxDataset(folder / "c.json", ""); }),
        {"c.json", "not valid JSON"});
  }
}

TEST(CocoJson, SaysThatJsonHasNoNaN) {
  const testing::TempFolder folder;
  // As Python writes it; texts may have the word.
  for (const char* word : {"NaN", "-Infinity", "Infinity"}) {
    const std::string text = fmt::format(
        "{{\"images\": [], \"a\\\"\": \"NaN\",\n\"b\": [{}]}}", word);
    testing::WriteText(folder / "c.json", text);
    const std::string shown = word[0] == '-' ? word + 1 : word;
    ExpectTold(
        testing::InputErrorOf([&] { OpenBoxDataset(folder / "c.json", ""); }),
        {"c.json", "not valid JSON",
         fmt::format("byte {} (line 2) has {}, which JSON has no word for",
                     text.rfind(shown) + 1, shown)});
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
             {fmt::format("c.json: not valid JSON: it ends after byte {} "
                          "(line 1)",
                          half),
              "it seems cut"});
  // The place alone, not also what the parser takes it for.
  EXPECT_EQ(told(whole.substr(0, half)).find("parse"), std::string::npos);
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
