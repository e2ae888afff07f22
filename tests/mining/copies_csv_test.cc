#include "mining/copies_csv.h"

#include <gtest/gtest.h>

#include "tests/mining/mining_fixture.h"

namespace eyechart::mining {
namespace {

CopyGroups TwoGroups() {
  CopyGroups groups;
  groups.groups = {
      {0,
       {{2, CopyKind::kFile, {}, {}}, {3, CopyKind::kResized, 0.975, 0.96875}}},
      {1, {{4, CopyKind::kChain, {}, {}}}}};
  return groups;
}

TEST(CopiesCsv, IsRfc4180WithARowAPicture) {
  std::vector<data::StoreItem> items = testing::MakeItems(5);
  items[0].id = "a,b";
  items[0].path = "a \"b\".png";
  EXPECT_EQ(CopiesToCsv(TwoGroups(), items),
            "group,id,path,kind,near_cosine,far_cosine,representative\n"
            "1,\"a,b\",\"a \"\"b\"\".png\",representative,,,\"a,b\"\n"
            "1,p00002,p00002.png,file,,,\"a,b\"\n"
            "1,p00003,p00003.png,resized,0.975,0.96875,\"a,b\"\n"
            "2,p00001,p00001.png,representative,,,p00001\n"
            "2,p00004,p00004.png,chain,,,p00001\n");
}

TEST(CopiesCsv, NoCopiesAreATableToo) {
  const testing::TempFolder folder;
  WriteCopiesCsv(folder / "copies.csv", {}, {});
  EXPECT_EQ(ReadFile(folder / "copies.csv"),
            "group,id,path,kind,near_cosine,far_cosine,representative\n");
}

TEST(CopiesCsv, AFolderThatIsNotThereIsAnError) {
  const testing::TempFolder folder;
  EXPECT_NE(testing::InputErrorOf([&] {
              WriteCopiesCsv(folder / "none" / "copies.csv", TwoGroups(),
                             testing::MakeItems(5));
            }),
            "");
}

}  // namespace
}  // namespace eyechart::mining
