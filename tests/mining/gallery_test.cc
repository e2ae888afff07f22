// What the gallery's page and object hold; output_test.cc has the rest.
#include "mining/gallery.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "data/scenes/encode.h"
#include "mining/pair_id.h"
#include "tests/mining/mining_fixture.h"

namespace eyechart::mining {
namespace {

// Six pairs: the second and the fifth repeat others, two have patterns.
class Gallery : public ::testing::Test {
 protected:
  Gallery() {
    for (std::int64_t row = 1; row < 7; ++row)
      result_.pairs.push_back(
          {0, row, 0.99, 0.1 + 0.01 * static_cast<double>(row)});
    result_.images = 7;
    result_.candidate_pairs = 21;
    result_.near_pairs = 10;
    result_.blind_pairs = 6;
    near_.model = "clip";
    far_.model = "dinov2";
  }

  GallerySource Source() {
    GallerySource source = {
        result_, items_, near_, far_, [](std::int64_t) {
          return scenes::EncodePng({2, 1, {0, 0, 255, 255, 0, 0}});
        }};
    source.patterns = patterns_;
    source.is_copy = copies_;
    return source;
  }

  std::string Page(const GalleryOptions& options = {}) {
    const testing::TempFolder folder;
    WriteGallery(folder / "gallery.html", Source(), options);
    return ReadFile(folder / "gallery.html");
  }

  static Json DataOf(const std::string& page) {
    const std::string open = "<script type=\"application/json\" id=\"data\">";
    const std::size_t begin = page.find(open) + open.size();
    return ParseJson(page.substr(begin, page.find("</script>", begin) - begin),
                     "page");
  }

  static std::vector<int> Ranks(const Json& data) {
    std::vector<int> ranks;
    for (const Json& pair : data.at("pairs")) ranks.push_back(pair.at("rank"));
    return ranks;
  }

  std::vector<data::StoreItem> items_ = testing::MakeItems(7);
  MiningResult result_;
  data::StoreManifest near_;
  data::StoreManifest far_;
  std::vector<std::string> patterns_;
  std::vector<char> copies_;
};

using Numbers = std::vector<int>;

TEST_F(Gallery, PairsHaveIdsThatStay) {
  const Json all = DataOf(Page());
  std::map<std::string, std::string> other_of_id;
  for (const Json& pair : all.at("pairs"))
    other_of_id[pair.at("id")] =
        all.at("pictures").at(pair.at("b").get<std::size_t>()).at("id");
  ASSERT_EQ(other_of_id.size(), 6u);
  EXPECT_EQ(other_of_id.at(PairId("p00000", "p00003")), "p00003");
  // Another rank, the same id.
  result_.pairs.erase(result_.pairs.begin(), result_.pairs.begin() + 2);
  const Json fewer = DataOf(Page());
  EXPECT_EQ(fewer.at("pairs").at(0).at("rank"), 1);
  EXPECT_EQ(fewer.at("pairs").at(0).at("id"), PairId("p00000", "p00003"));
  EXPECT_EQ(GalleryJson(Source()).at("pairs").at(0).at("id"),
            PairId("p00000", "p00003"));
}

TEST_F(Gallery, PatternsAreThoseThatAreKnown) {
  EXPECT_FALSE(DataOf(Page()).at("pairs").at(0).contains("pattern"));
  patterns_ = {"colour", "", "<b>state</b>", "", "", ""};
  const std::string page = Page();
  EXPECT_EQ(page.find("<b>state"), std::string::npos);
  const Json pairs = DataOf(page).at("pairs");
  EXPECT_EQ(pairs.at(0).at("pattern"), "colour");
  EXPECT_FALSE(pairs.at(1).contains("pattern"));
  EXPECT_EQ(pairs.at(2).at("pattern"), "<b>state</b>");
  EXPECT_EQ(GalleryJson(Source()).at("pairs").at(0).at("pattern"), "colour");
}

// Copies take no other pair's place, and none of them is lost without a word.
TEST_F(Gallery, CopiesComeOnTopOfThePairsAskedFor) {
  copies_ = {0, 1, 0, 0, 1, 0};
  GalleryOptions options;
  options.pairs = 3;
  std::string page = Page(options);
  EXPECT_EQ(Ranks(DataOf(page)), (Numbers{1, 2, 3, 4}));
  EXPECT_EQ(DataOf(page).at("pairs").at(1).at("copy"), true);
  EXPECT_FALSE(DataOf(page).at("pairs").at(2).contains("copy"));
  EXPECT_NE(page.find("4 shown, 1 of them a copy</small>"), std::string::npos);
  options.pairs = 0;
  page = Page(options);
  EXPECT_EQ(DataOf(page).at("pairs").size(), 6u);
  EXPECT_NE(page.find(">2 of them copies</small>"), std::string::npos);
}

TEST_F(Gallery, ManyCopiesDoNotFillThePage) {
  copies_ = {0, 1, 1, 1, 0, 0};
  GalleryOptions options;
  options.pairs = 2;
  const std::string page = Page(options);
  EXPECT_EQ(Ranks(DataOf(page)), (Numbers{1, 2, 3, 5}));
  EXPECT_EQ(DataOf(page).at("copies_hidden"), 1);
  EXPECT_NE(page.find("4 shown, 2 of them copies, 1 more copy left out"),
            std::string::npos);
}

TEST_F(Gallery, AReportShowsNoCopies) {
  copies_ = {0, 1, 0, 0, 1, 0};
  const Json json = GalleryJson(Source(), 3);
  EXPECT_EQ(Ranks(json), (Numbers{1, 3, 4}));
  EXPECT_EQ(json.at("copies_hidden"), 1);
  EXPECT_EQ(GalleryJson(Source(), 0).at("copies_hidden"), 2);
}

TEST_F(Gallery, AFigureStandsAboveThePairs) {
  EXPECT_EQ(Page().find("class=\"map\""), std::string::npos);
  GalleryOptions options;
  options.figure = "<svg class=\"cosines\"></svg>";
  const std::string page = Page(options);
  const std::size_t at = page.find(options.figure);
  ASSERT_NE(at, std::string::npos);
  EXPECT_LT(page.find("class=\"map\""), at);
  EXPECT_LT(at, page.find("id=\"cards\""));
}

// The script finds its fields by these ids; a field that one of the two lacks
// stops the page.
TEST_F(Gallery, TheScriptsFieldsAreThere) {
  const std::string page = Page();
  std::size_t fields = 0;
  const std::string call = "byId(\"";
  for (std::size_t at = page.find(call); at != std::string::npos;
       at = page.find(call, at + 1)) {
    const std::size_t begin = at + call.size();
    const std::string id = page.substr(begin, page.find('"', begin) - begin);
    EXPECT_NE(page.find("id=\"" + id + "\""), std::string::npos) << id;
    ++fields;
  }
  EXPECT_GT(fields, 10u);
}

TEST_F(Gallery, DescriptionsOfOtherPairsAreADefect) {
  patterns_ = {"colour"};
  EXPECT_THROW(Page(), std::logic_error);
  patterns_.clear();
  copies_ = {0};
  EXPECT_THROW(Page(), std::logic_error);
}

}  // namespace
}  // namespace eyechart::mining
