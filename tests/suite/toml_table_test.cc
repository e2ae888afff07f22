#include "suite/toml_table.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/fixture.h"

namespace eyechart::suite {
namespace {

using testing::InputErrorOf;

TEST(TomlTable, ReadsScalarsAndLists) {
  const toml::table root = toml::parse(
      "a = \"x\"\nb = [1, 2.5]\nc = true\nd = 7\n", std::string_view("f"));
  TomlTable table(root, "f", "[t]");
  EXPECT_EQ(table.Text("a"), "x");
  EXPECT_EQ(table.Numbers("b"), (std::vector<std::string>{"1", "2.5"}));
  EXPECT_EQ(table.Booleans("c"), std::vector<std::string>{"true"});
  EXPECT_EQ(table.Integer("d", 0, 1), 7);
  EXPECT_EQ(table.Integer("absent", 3, 1), 3);
  EXPECT_NO_THROW(table.RejectUnknownKeys());
}

TEST(TomlTable, SizesAreIntegersOrTexts) {
  const toml::table root = toml::parse(
      "a = 336\nb = [224, \"280x420\"]\nc = 1.5\n", std::string_view("f"));
  TomlTable table(root, "f", "[t]");
  EXPECT_EQ(table.Sizes("a"), std::vector<std::string>{"336"});
  EXPECT_EQ(table.Sizes("b"), (std::vector<std::string>{"224", "280x420"}));
  EXPECT_NE(InputErrorOf([&] { table.Sizes("c"); }).find("280x420"),
            std::string::npos);
}

TEST(TomlTable, NamesFileLineAndKey) {
  const toml::table root = toml::parse(
      "a = [\"x\", 3]\nb = [\"y\", \"z\"]\nother = 1\n", std::string_view("f"));
  TomlTable table(root, "f", "[t]");
  EXPECT_EQ(InputErrorOf([&] {
              table.Texts("a");
            }).rfind("f:1: [t]: a: is integer", 0),
            0u);
  EXPECT_NE(InputErrorOf([&] { table.Text("b"); }).find("one text"),
            std::string::npos);
  EXPECT_EQ(InputErrorOf([&] { table.RequiredText("name"); }),
            "f:1: [t]: key \"name\" is missing");
  EXPECT_NE(InputErrorOf([&] {
              table.RejectUnknownKeys();
            }).find("f:3: [t]: unknown key \"other\""),
            std::string::npos);
  // Before any key is asked for.
  constexpr std::string_view kKnown[] = {"a", "b", "others"};
  EXPECT_EQ(InputErrorOf(
                [&] { TomlTable(root, "f", "[t]").RejectUnknownKeys(kKnown); }),
            "f:3: [t]: unknown key \"other\" (did you mean \"others\"?); known "
            "keys are a, b, others");
}

}  // namespace
}  // namespace eyechart::suite
