// What mining writes: the table, the object, the gallery.
#include <gtest/gtest.h>

#include <limits>

#include "core/text.h"
#include "mining/gallery.h"
#include "mining/mining_json.h"
#include "mining/pairs_csv.h"
#include "mining/thumbnail.h"
#include "tests/mining/mining_fixture.h"
#include "tests/mining/occurrences.h"

namespace eyechart::mining {
namespace {

using testing::Occurrences;

// Two pairs of three pictures whose names and labels are hostile.
class Output : public ::testing::Test {
 protected:
  Output() {
    items_ = testing::MakeItems(3);
    items_[0].id = "</script><b>x\"&'.png";
    items_[0].path = "a,b \"c\".png";
    items_[1].id = "second\u2028line\xff.png";
    items_[2].label = "<i>odd</i>";
    result_.near_min = 0.95;
    result_.far_max = 0.6;
    result_.images = 3;
    result_.candidate_pairs = 3;
    result_.near_pairs = 2;
    result_.blind_pairs = 2;
    result_.engine = "exact";
    result_.recall = 1;
    result_.blind_share_ci = Interval{0.25, 1, 0.95, "jackknife over images"};
    result_.search_seconds = 0.5;
    result_.verify_seconds = 0.25;
    result_.pairs = {{0, 1, 0.975, -0.125}, {0, 2, 0.96875, 0.1}};
    result_.warnings = {"one"};
    near_.model = "/models/clip";
    near_.family = "clip";
    near_.weights_sha256 = "w";
    near_.preprocess_sha256 = "p";
    near_.pool = "head";
    near_.dtype = "fp32";
    far_ = near_;
    far_.model = "facebook/dinov2-large";
    far_.family = "dinov2";
  }

  GallerySource Source(PictureReader read) {
    return {result_, items_, near_, far_, std::move(read)};
  }

  std::string Page(const PictureReader& read,
                   const GalleryOptions& options = {}) {
    const testing::TempFolder folder;
    WriteGallery(folder / "gallery.html", Source(read), options);
    return ReadFile(folder / "gallery.html");
  }

  std::vector<data::StoreItem> items_;
  MiningResult result_;
  data::StoreManifest near_;
  data::StoreManifest far_;
  MineOptions options_;
};

// A 2 x 1 bitmap: blue, then red (rows are BGR, padded to 4 bytes).
std::string TinyBitmap() {
  std::string bytes = "BM";
  const auto put = [&](std::uint32_t value, int size) {
    for (int i = 0; i < size; ++i)
      bytes += static_cast<char>(value >> (8 * i) & 255);
  };
  for (const std::uint32_t value : {62u, 0u, 54u, 40u, 2u, 1u}) put(value, 4);
  put(1, 2);
  put(24, 2);
  for (const std::uint32_t value : {0u, 8u, 0u, 0u, 0u, 0u}) put(value, 4);
  for (const std::uint32_t value : {255u, 0u, 0u, 0u, 0u, 255u, 0u, 0u})
    put(value, 1);
  return bytes;
}

// The JSON of the page's data element.
Json PageDataOf(const std::string& page) {
  const std::string open = "<script type=\"application/json\" id=\"data\">";
  const std::size_t begin = page.find(open) + open.size();
  return ParseJson(page.substr(begin, page.find("</script>", begin) - begin),
                   "page");
}

TEST_F(Output, TheTableIsRfc4180) {
  EXPECT_EQ(PairsToCsv(result_, items_),
            "rank,id_a,id_b,path_a,path_b,near_cosine,far_cosine,gap\n"
            "1,\"</script><b>x\"\"&'.png\",second\u2028line\xff.png,"
            "\"a,b \"\"c\"\".png\",p00001.png,0.975,-0.125,1.1\n"
            "2,\"</script><b>x\"\"&'.png\",p00002,\"a,b \"\"c\"\".png\","
            "p00002.png,0.96875,0.1,0.86875\n");
}

TEST_F(Output, TopLimitsTheTable) {
  EXPECT_EQ(Occurrences(PairsToCsv(result_, items_, 1), "\n"), 2u);
  EXPECT_EQ(PairsToCsv(result_, items_, 9), PairsToCsv(result_, items_));
  result_.pairs.clear();
  EXPECT_EQ(Occurrences(PairsToCsv(result_, items_), "\n"), 1u);
}

TEST_F(Output, TheObjectHasTheContractsKeys) {
  options_.far_quantile = 0.25;
  result_.not_finite = 1;
  result_.surface = CountSurface{{0.9, 0.95}, {0.6}, {5, 2}, {3, 2}};
  result_.histogram = {{0.9, 0.95, 1}, {0, 1}, {1.5, 2}, 0.95, 9};
  const Json json = MiningToJson(result_, near_, far_, options_, 2, "p.csv");
  EXPECT_EQ(json, ParseJson(R"({
    "schema": 1, "command": "mine", "warnings": ["one"], "images": 3,
    "unreadable": 0, "candidate_pairs": 3, "near_pairs": 2, "blind_pairs": 2,
    "duplicates_dropped": 0, "near_min": 0.95, "far_max": 0.6,
    "near_quantile": null, "far_quantile": 0.25, "not_finite": 1, "zero": 0,
    "engine": "exact", "recall": 1.0, "products": null, "relative_share": 1.0,
    "surface": {"near_min": [0.9, 0.95], "far_max": [0.6],
                "near_pairs": [5, 2], "blind_pairs": [[3], [2]]},
    "histogram": {"near_edges": [0.9, 0.95, 1.0], "far_edges": [0.0, 1.0],
                  "pairs": [[1.5], [2.0]], "exact_from": 0.95, "sampled": 9},
    "per_1e9": 666666666.6666666,
    "ci": {"low": 0.25, "high": 1.0, "level": 0.95,
           "method": "jackknife over images"},
    "near": {"model": "/models/clip", "family": "clip", "weights_sha256": "w",
             "preprocess_sha256": "p", "pool": "head", "dtype": "fp32"},
    "far": {"model": "facebook/dinov2-large", "family": "dinov2",
            "weights_sha256": "w", "preprocess_sha256": "p", "pool": "head",
            "dtype": "fp32"},
    "seconds": {"encode": 2.0, "search": 0.5, "verify": 0.25},
    "pairs_csv": "p.csv"})",
                            "expected"));
}

TEST_F(Output, WhatIsNotThereIsNull) {
  result_ = MiningResult();
  const Json json = MiningToJson(result_, near_, far_, options_, 0, "p.csv");
  for (const char* key : {"recall", "per_1e9", "relative_share", "ci"})
    EXPECT_TRUE(json.at(key).is_null()) << key;
}

TEST_F(Output, ThePageCannotBeBrokenOutOf) {
  const std::string page = Page([](std::int64_t) { return TinyBitmap(); });
  // The page's own: the data and the script.
  EXPECT_EQ(Occurrences(page, "</script"), 2u);
  EXPECT_EQ(Occurrences(page, "<b>x"), 0u);
  EXPECT_EQ(Occurrences(page, "<i>odd"), 0u);
  EXPECT_EQ(Occurrences(page, "\u2028"), 0u);
  const Json data = PageDataOf(page);
  EXPECT_EQ(data.at("pictures").at(0).at("id"), items_[0].id);
  EXPECT_EQ(data.at("pictures").at(1).at("id"), "second\u2028line\ufffd.png");
  EXPECT_EQ(data.at("pictures").at(2).at("label"), "<i>odd</i>");
  EXPECT_EQ(data.at("pairs").at(0).at("near"), 0.975);
}

TEST_F(Output, ModelNamesAreEscapedAndPathsShortened) {
  EXPECT_EQ(ModelTitle(near_), "clip");
  EXPECT_EQ(ModelTitle(far_), "facebook/dinov2-large");
  near_.model = "runs/<u>evil</u>";
  GalleryOptions options;
  options.command = "eyechart mine \"a&b\" --near <x>";
  const std::string page =
      Page([](std::int64_t) { return TinyBitmap(); }, options);
  EXPECT_EQ(Occurrences(page, "<u>"), 0u);
  EXPECT_EQ(Occurrences(page, "&quot;a&amp;b&quot; --near &lt;x&gt;"), 1u);
}

TEST_F(Output, ThePageNeedsNothingFromOutside) {
  const std::string page = Page([](std::int64_t) { return TinyBitmap(); });
  for (const char* outside : {"http:", "https:", "@import", "url(", "<link"})
    EXPECT_EQ(Occurrences(page, outside), 0u) << outside;
}

TEST_F(Output, EachPictureIsReadOnceAndEmbeddedOnce) {
  std::vector<std::int64_t> asked;
  const std::string page = Page([&](std::int64_t row) {
    asked.push_back(row);
    return TinyBitmap();
  });
  EXPECT_EQ(asked, (std::vector<std::int64_t>{0, 1, 2}));
  EXPECT_EQ(Occurrences(page, "data:image/png;base64,"), 3u);
}

TEST_F(Output, PicturesThatCannotBeReadSayWhy) {
  const std::string page = Page([](std::int64_t row) -> std::string {
    if (row == 1) ThrowInput("the file is gone");
    return row == 2 ? "no picture" : TinyBitmap();
  });
  const Json pictures = PageDataOf(page).at("pictures");
  EXPECT_TRUE(pictures.at(0).at("src").is_string());
  EXPECT_TRUE(pictures.at(1).at("src").is_null());
  EXPECT_EQ(pictures.at(1).at("error"), "the file is gone");
  EXPECT_TRUE(pictures.at(2).at("src").is_null());
  EXPECT_NE(pictures.at(2).at("error"), "");
}

TEST_F(Output, ThePageShowsTheFirstPairsAsked) {
  GalleryOptions options;
  options.pairs = 1;
  const std::string page =
      Page([](std::int64_t) { return TinyBitmap(); }, options);
  EXPECT_EQ(PageDataOf(page).at("pairs").size(), 1u);
  EXPECT_EQ(PageDataOf(page).at("pictures").size(), 2u);
  EXPECT_EQ(Occurrences(page, "1 shown"), 1u);
}

TEST_F(Output, TheReportsObject) {
  const Json json =
      GalleryJson(Source([](std::int64_t) { return TinyBitmap(); }), 1);
  EXPECT_EQ(json.at("near_model"), "clip");
  EXPECT_EQ(json.at("far_max"), 0.6);
  ASSERT_EQ(json.at("pairs").size(), 1u);
  const Json& pair = json.at("pairs").at(0);
  EXPECT_EQ(pair.at("rank"), 1);
  EXPECT_EQ(pair.at("gap"), 1.1);
  EXPECT_EQ(pair.at("a").at("id"), items_[0].id);
  EXPECT_EQ(pair.at("b").at("label"), "odd");
  EXPECT_EQ(pair.at("b").at("src").get<std::string>().rfind("data:image", 0),
            0u);
}

TEST_F(Output, NoPairsMakeAPageToo) {
  result_ = MiningResult();
  const std::string page = Page([](std::int64_t) { return TinyBitmap(); });
  EXPECT_TRUE(PageDataOf(page).at("pairs").empty());
}

TEST(Thumbnail, SmallPicturesGrowByWholePixels) {
  const Thumbnail small = MakeThumbnail(TinyBitmap(), 160);
  EXPECT_EQ(small.error, "");
  EXPECT_EQ(small.width, 160);
  EXPECT_EQ(small.height, 80);
  EXPECT_EQ(small.src.rfind("data:image/png;base64,iVBORw0KGgo", 0), 0u);
}

TEST(Thumbnail, BadPicturesAreToldNotThrown) {
  EXPECT_NE(MakeThumbnail("", 160).error, "");
  EXPECT_NE(MakeThumbnail("GIF89a", 160).error, "");
  EXPECT_NE(MakeThumbnail(TinyBitmap().substr(0, 50), 160).error, "");
}

}  // namespace
}  // namespace eyechart::mining
