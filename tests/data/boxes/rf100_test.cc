#include "data/boxes/rf100.h"

#include <gtest/gtest.h>

#include <string>

#include "data/boxes/rf100_published.h"
#include "tests/data/boxes/box_fixture.h"

namespace eyechart::data {
namespace {

TEST(Rf100, FindsSetsAndTheirDomains) {
  const testing::TempFolder folder;
  for (const char* part :
       {"cells/train", "cells/valid", "cells/test", "boats/train"})
    WriteCoco(folder / part / "_annotations.coco.json", PlainCoco());
  testing::WriteText(folder / "notes/readme.md", "");
  auto sets = FindRf100(folder.path());
  ASSERT_EQ(sets.size(), 3u);
  EXPECT_EQ(sets[2].slug, "notes");  // no set, and said to be none
  EXPECT_TRUE(sets[2].splits.empty());
  EXPECT_NE(sets[2].problem.find("notes: no detection set is recognised"),
            std::string::npos)
      << sets[2].problem;
  EXPECT_EQ(sets[1].problem, "");
  EXPECT_EQ(sets[1].error, "");
  EXPECT_EQ(sets[2].error, "");  // no set cannot be a broken one
  EXPECT_EQ(sets[0].slug, "boats");
  EXPECT_EQ(sets[0].domain, "unknown");
  EXPECT_EQ(sets[1].root, folder / "cells");
  EXPECT_EQ(sets[1].splits,
            (std::vector<std::string>{"train", "valid", "test"}));
  // The benchmark's own table, which names sets that are not here.
  testing::WriteText(folder / "categories.csv",
                     "dataset,category\ncells,microscopic\nfar,aerial\n");
  EXPECT_EQ(FindRf100(folder.path())[1].domain, "microscopic");
  EXPECT_EQ(FindRf100(folder.path())[0].domain, "unknown");
  // One's own goes before it.
  testing::WriteText(folder / "domains.csv", "slug,domain\ncells,medical\n");
  EXPECT_EQ(FindRf100(folder.path())[1].domain, "medical");
  testing::WriteText(folder / "domains.csv", "slug,domain\na,b\na,c\n");
  EXPECT_NE(testing::InputErrorOf([&] {
              FindRf100(folder.path());
            }).find("row 3: \"a\" stands twice"),
            std::string::npos);
  testing::WriteText(folder / "domains.csv", "slug,domain\na,b\xF6\n");
  EXPECT_NE(testing::InputErrorOf([&] {
              FindRf100(folder.path());
            }).find("domains.csv: row 2: the name \"b\\xf6\" is not UTF-8"),
            std::string::npos);
  testing::WriteText(folder / "domains.csv", "name,domain\na,b\n");
  EXPECT_NE(
      testing::InputErrorOf([&] { FindRf100(folder.path()); }).find("slug"),
      std::string::npos);
}

TEST(Rf100, ASetThatCannotBeReadIsASet) {
  const testing::TempFolder folder;
  testing::WriteText(folder / "broken/train/_annotations.coco.json", "{");
  const auto sets = FindRf100(folder.path());
  ASSERT_EQ(sets.size(), 1u);
  EXPECT_EQ(sets[0].problem, "");
  EXPECT_EQ(sets[0].splits, std::vector<std::string>{"train"});
}

TEST(Rf100, RefusesAFolderWhoseNameIsNotUtf8) {
  const testing::TempFolder folder;
  WriteCoco(folder / "s\xF6t/train/_annotations.coco.json", PlainCoco());
  const std::string error =
      testing::InputErrorOf([&] { FindRf100(folder.path()); });
  EXPECT_NE(error.find("the name \"s\\xf6t\" is not UTF-8"), std::string::npos)
      << error;
}

TEST(Rf100, RefusesAFolderWithoutSets) {
  const testing::TempFolder folder;
  EXPECT_NE(testing::InputErrorOf([&] {
              FindRf100(folder.path());
            }).find("no folder in it"),
            std::string::npos);
  EXPECT_NE(testing::InputErrorOf([&] { FindRf100(folder / "none"); }), "");
  testing::WriteText(folder / "notes/readme.md", "");
  EXPECT_NE(testing::InputErrorOf([&] { FindRf100(folder.path()); }), "");
}

// The paper says of its total that it is the mean of the domains' means.
TEST(Rf100, PublishedTotalsAreMeansOfDomains) {
  double sums[4] = {};
  int domains = 0;
  for (const PublishedMap50& row : PublishedRf100()) {
    if (row.scope != PublishedScope::kDomain) continue;
    ++domains;
    sums[0] += row.yolov5s;
    sums[1] += row.yolov7;
    sums[2] += row.yolov8s;
    sums[3] += row.glip;
  }
  EXPECT_EQ(domains, 7);
  const auto total = FindPublished(PublishedScope::kTotal, "");
  ASSERT_TRUE(total);
  // Rounded to thousandths there.
  EXPECT_NEAR(total->yolov5s, sums[0] / 7, 6e-4);
  EXPECT_NEAR(total->yolov7, sums[1] / 7, 6e-4);
  EXPECT_NEAR(total->yolov8s, sums[2] / 7, 6e-4);
  EXPECT_NEAR(total->glip, sums[3] / 7, 6e-4);
}

TEST(Rf100, PublishedMeansSayOverHowManySets) {
  const PublishedSets all = PublishedSetsOf(PublishedScope::kAllSets);
  EXPECT_EQ(all.yolov5s, 100);
  EXPECT_EQ(all.yolov7, 97);
  EXPECT_EQ(all.yolov8s, 95);
  EXPECT_EQ(all.glip, 95);
  EXPECT_EQ(PublishedSetsOf(PublishedScope::kTotal).yolov5s, 88);
}

TEST(Rf100, PublishedRowsAreFoundByName) {
  EXPECT_EQ(FindPublished(PublishedScope::kSet, "bccd-ouzjz")->yolov7, .922);
  EXPECT_EQ(FindPublished(PublishedScope::kDomain, "videogames")->glip, .163);
  EXPECT_EQ(FindPublished(PublishedScope::kDomain, "Real_World")->glip, .117);
  EXPECT_FALSE(FindPublished(PublishedScope::kSet, "chess"));
  EXPECT_FALSE(FindPublished(PublishedScope::kDomain, "bccd-ouzjz"));
  for (const PublishedVl& row : PublishedRf100Vl()) {
    EXPECT_GT(row.ap, 0) << row.model;
    EXPECT_LT(row.ap, 1) << row.model;
    EXPECT_FALSE(row.source.empty()) << row.model;
  }
}

}  // namespace
}  // namespace eyechart::data
