#include "data/label_names.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/fixture.h"

namespace eyechart::data {
namespace {

TEST(WithLabelNames, NamesNumbersAndRefusesOthers) {
  const testing::TempFolder folder;
  testing::WriteText(folder / "0/a.jpg", "a");
  testing::WriteText(folder / "1/b.jpg", "b");
  const auto open = [&] {
    DatasetOptions options;
    options.path = folder.path();
    return Dataset::Create(options);
  };
  const auto named = WithLabelNames(open(), {"cat", "dog"});
  EXPECT_EQ(named->item(0).label, "cat");
  EXPECT_EQ(named->item(1).label, "dog");
  EXPECT_EQ(named->item(1).id, "1/b.jpg");
  EXPECT_EQ(named->Read(1), "b");
  EXPECT_NE(testing::InputErrorOf([&] {
              WithLabelNames(open(), {"cat"});
            }).find("label \"1\"; label_names names 0 to 0"),
            std::string::npos);
  testing::WriteText(folder / "x/c.jpg", "c");
  EXPECT_NE(testing::InputErrorOf([&] {
              WithLabelNames(open(), {"cat", "dog"});
            }).find("label \"x\""),
            std::string::npos);
}

}  // namespace
}  // namespace eyechart::data
