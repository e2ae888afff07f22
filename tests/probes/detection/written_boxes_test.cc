#include "probes/detection/written_boxes.h"

#include <gtest/gtest.h>

#include "tests/encoders/fake_captioner.h"
#include "tests/encoders/fake_pictures.h"
#include "tests/fixture.h"

namespace eyechart::detection {
namespace {

using eyechart::testing::FakeCaptioner;
using eyechart::testing::FakePictures;
using eyechart::testing::InputErrorOf;
using eyechart::testing::LoadFake;
using eyechart::testing::PlainBmp;

class WrittenBoxesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    pictures_.Add(PlainBmp(100, 50, 0));
    pictures_.Add("no picture");
    pictures_.Add(PlainBmp(1000, 1000, 255));
    auto fake = std::make_unique<FakeCaptioner>();
    fake->options.num_beams = 3;
    fake->say = [](float pixel, const std::string&) -> std::string {
      if (pixel < 0.5F) return "Dog<loc_100><loc_200><loc_300><loc_400>";
      return "cat<loc_0><loc_0><loc_9><loc_9>ghost<loc_1><loc_1><loc_2><loc_2>";
    };
    fake_ = fake.get();
    model_ = LoadFake(std::move(fake));
  }

  WrittenBoxes Write(const WrittenBoxOptions& options = {}) {
    return WriteBoxes(model_, pictures_, options, Progress::None());
  }

  FakePictures pictures_;
  FakeCaptioner* fake_ = nullptr;
  encoders::LoadedCaptioner model_;
};

TEST_F(WrittenBoxesTest, PlacesArePixelsOfThePictureItself) {
  const WrittenBoxes written = Write();
  ASSERT_EQ(written.boxes.size(), 3u);
  EXPECT_EQ(written.boxes[0].picture, 0u);
  EXPECT_EQ(written.boxes[0].label, "Dog");
  EXPECT_EQ(written.boxes[0].corners, (std::array<int, 4>{10, 10, 30, 20}));
  EXPECT_EQ(written.boxes[1].picture, 2u);
  EXPECT_EQ(written.pictures.unreadable, 1);
  EXPECT_EQ(written.sizes[2], (std::array<int, 2>{1000, 1000}));
  EXPECT_EQ(written.sizes[1], (std::array<int, 2>{0, 0}));
  EXPECT_EQ(fake_->asked.num_beams, 3);
  EXPECT_EQ(fake_->prompts_seen.front(), "<OD>");
}

TEST_F(WrittenBoxesTest, OptionsStandBeforeTheFolders) {
  WrittenBoxOptions options;
  options.num_beams = 1;
  options.max_new_tokens = 7;
  Write(options);
  EXPECT_EQ(fake_->asked.num_beams, 1);
  EXPECT_EQ(fake_->asked.max_new_tokens, 7);
}

TEST_F(WrittenBoxesTest, RefusesPromptsWithoutBoxes) {
  WrittenBoxOptions options;
  options.prompt = "<CAPTION>";
  EXPECT_NE(InputErrorOf([&] { Write(options); }).find("no boxes"),
            std::string::npos);
  model_.preprocess.center_crop = true;
  EXPECT_NE(InputErrorOf([&] { Write(); }).find("crops"), std::string::npos);
}

TEST(CategoriesTest, AreThoseOfTheTruthInAnyCase) {
  const Categories categories(
      {{"categories",
        {{{"id", 7}, {"name", "dog"}}, {{"id", 3}, {"name", "cat"}}}}},
      "truth.json");
  ASSERT_NE(categories.Find("Dog"), nullptr);
  EXPECT_EQ(*categories.Find("Dog"), 7);
  EXPECT_EQ(*categories.Find("cat"), 3);
  EXPECT_EQ(categories.Find("ghost"), nullptr);
}

TEST(CategoriesTest, GrowsAndRefusesDamage) {
  Categories categories;
  EXPECT_TRUE(categories.empty());
  EXPECT_EQ(categories.Add("Cup"), 1);
  EXPECT_EQ(categories.Add("cup"), 1);
  EXPECT_EQ(categories.Add("dog"), 2);
  EXPECT_EQ(categories.ToJson().size(), 2u);
  for (const char* text :
       {"[]", R"({"categories": 1})", R"({"categories": [{"id": 1}]})",
        R"({"categories": [{"id": 1, "name": "a"}, {"id": 1, "name": "b"}]})"})
    EXPECT_NE(InputErrorOf([&] {
                Categories(Json::parse(text), "f.json");
              }).find("f.json"),
              std::string::npos)
        << text;
}

}  // namespace
}  // namespace eyechart::detection
