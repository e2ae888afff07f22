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

TEST(ParseJson, QuotesLittleOfABrokenText) {
  // Cut in the middle of a character, one of the two would be no text.
  for (const char* pad : {"", "x"}) {
    std::string text = std::string("{\"a\": \"") + pad;
    for (int i = 0; i < 40'000; ++i) text += "\u00e9";
    const std::string error = InputErrorOf([&] { ParseJson(text, "f.json"); });
    EXPECT_LT(error.size(), 300U);
    EXPECT_NE(error.find("missing closing quote"), std::string::npos) << error;
    EXPECT_TRUE(error.ends_with("\u00e9...")) << error;
  }
}

TEST(ParseJson, RefusesDeepNesting) {
  const std::string deep(100'000, '[');
  EXPECT_NE(InputErrorOf([&] { ParseJson(deep, "f"); }), "");
  const std::string closed = std::string(300, '[') + std::string(300, ']');
  EXPECT_NE(
      InputErrorOf([&] { ParseJson(closed, "f"); }).find("deeper than 256"),
      std::string::npos);
}

TEST(ParseJson, RefusesDuplicateKeysWhereAsked) {
  const auto error = [](const char* text) {
    return InputErrorOf([&] { ParseJson(text, "f", DuplicateKeys::kRefuse); });
  };
  EXPECT_EQ(error(R"({"a": {"b": 1, "c": 2}, "b": [{"a": 1}, {"a": 1}]})"), "");
  EXPECT_EQ(error(R"({"a": 1, "b": 2, "a": 1})"),
            "f: the key \"a\" stands twice in one object");
  EXPECT_NE(error(R"([{"x": {"u": [], "\u0075": 2}}])").find("\"u\""),
            std::string::npos);
  // Elsewhere the last counts, as in Python.
  EXPECT_EQ(ParseJson(R"({"a": 1, "a": 2})", "f")["a"], 2);
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

TEST(JsonGet, RefusesIntegersThatWouldWrap) {
  const Json object = {
      {"big", 4294967299}, {"bigger", 18446744073709551615U}, {"low", -1}};
  EXPECT_NE(InputErrorOf([&] {
              JsonGet<int>(object, "big", "f");
            }).find("4294967299; it should be an integer of 32 bits"),
            std::string::npos);
  EXPECT_EQ(JsonGet<std::int64_t>(object, "big", "f"), 4294967299);
  EXPECT_NE(InputErrorOf([&] {
              JsonGet<std::int64_t>(object, "bigger", "f");
            }).find("18446744073709551615"),
            std::string::npos);
  EXPECT_EQ(JsonGet<int>(object, "low", "f"), -1);
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
  EXPECT_EQ(JsonGetMaybe<double>(object, "none", "f"), std::nullopt);
  EXPECT_EQ(JsonGetMaybe<double>(object, "n", "f"), 3.0);
  EXPECT_EQ(InputErrorOf([&] { JsonGetMaybe<int>(object, "absent", "f"); }),
            "f: key \"absent\" is missing; it should be an integer of 32 bits "
            "or null");
}

}  // namespace
}  // namespace eyechart
