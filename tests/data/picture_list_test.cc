#include "data/picture_list.h"

#include <gtest/gtest.h>

#include "tests/fixture.h"

namespace eyechart::data {
namespace {

using testing::InputErrorOf;

TEST(PictureList, ReadsWhatItIsGiven) {
  const testing::TempFolder folder;
  testing::WriteText(folder / "b/x.jpg", "bytes");
  const auto list = PictureList("name", "source", folder.path(),
                                {{"1", "b/x.jpg", ""}, {"2", "none.jpg", ""}});
  EXPECT_EQ(list->size(), 2u);
  EXPECT_EQ(list->name(), "name");
  EXPECT_EQ(list->item(0).id, "1");
  EXPECT_EQ(list->Read(0), "bytes");
  EXPECT_NE(InputErrorOf([&] { list->Read(1); }).find("none.jpg"),
            std::string::npos);
}

TEST(PictureList, RefusesRepeatedIdsAndPathsOutside) {
  EXPECT_NE(InputErrorOf([] {
              PictureList("n", "s", ".", {{"1", "a", ""}, {"1", "b", ""}});
            }).find("same id"),
            std::string::npos);
  EXPECT_NE(InputErrorOf([] {
              PictureList("n", "s", ".", {{"1", "../a", ""}});
            }).find("leaves its root"),
            std::string::npos);
}

}  // namespace
}  // namespace eyechart::data
