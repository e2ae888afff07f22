#include "data/first_items.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

#include "tests/fixture.h"

namespace eyechart::data {
namespace {

TEST(FirstItems, CutsADataSetShort) {
  const testing::TempFolder folder;
  for (const char* name : {"a.jpg", "b.jpg", "c.jpg"})
    testing::WriteText(folder / name, name);
  const auto open = [&] {
    DatasetOptions options;
    options.path = folder.path();
    return Dataset::Create(options);
  };
  const auto two = FirstItems(open(), 2);
  ASSERT_EQ(two->size(), 2u);
  EXPECT_EQ(two->item(1).id, "b.jpg");
  EXPECT_EQ(two->Read(1), "b.jpg");
  EXPECT_EQ(two->name(), folder.path().filename().string());
  EXPECT_THROW((void)two->item(2), std::logic_error);
  EXPECT_EQ(FirstItems(open(), 9)->size(), 3u);
}

}  // namespace
}  // namespace eyechart::data
