#include "core/json.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/fixture.h"

namespace eyechart {
namespace {

using testing::InputErrorOf;

TEST(ParseJson, NamesTheSource) {
  EXPECT_EQ(ParseJson("{\"a\": [1, 2]}", "f")["a"][1], 2);
  EXPECT_EQ(InputErrorOf([] {
              ParseJson("{\"a\": ", "f.json");
            }).rfind("f.json: not valid JSON", 0),
            0u);
}

TEST(ParseJson, RefusesDeepNesting) {
  const std::string deep(100'000, '[');
  EXPECT_NE(InputErrorOf([&] { ParseJson(deep, "f"); }), "");
  const std::string closed = std::string(300, '[') + std::string(300, ']');
  EXPECT_NE(
      InputErrorOf([&] { ParseJson(closed, "f"); }).find("deeper than 256"),
      std::string::npos);
}

// json.dumps(value, sort_keys=True, separators=(",", ":")) of Python 3.11.
TEST(CanonicalJson, EqualsPythonsSortedCompactForm) {
  const Json value = {{"b", 0.00392156862745098},
                      {"a", {1, nullptr, true, "\xc3\xa9\n"}},
                      {"c", 1e-05}};
  EXPECT_EQ(CanonicalJson(value),
            "{\"a\":[1,null,true,\"\\u00e9\\n\"],\"b\":0.00392156862745098,"
            "\"c\":1e-05}");
}

TEST(JsonGet, ChecksTypes) {
  const Json object = {{"n", 3}, {"t", "x"}, {"none", nullptr}};
  EXPECT_EQ(JsonGet<int>(object, "n", "f"), 3);
  EXPECT_EQ(JsonGet<double>(object, "n", "f"), 3.0);
  EXPECT_EQ(JsonGetOr<int>(object, "none", 5, "f"), 5);
  EXPECT_EQ(InputErrorOf([&] { JsonGet<int>(object, "t", "f"); }),
            "f: key \"t\" is \"x\"; it should be an integer of 32 bits");
  EXPECT_EQ(InputErrorOf([&] { JsonGet<bool>(object, "absent", "f"); }),
            "f: key \"absent\" is missing; it should be true or false");
}

}  // namespace
}  // namespace eyechart
