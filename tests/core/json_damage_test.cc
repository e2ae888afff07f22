#include "core/json_damage.h"

#include <gtest/gtest.h>

#include <string>

namespace eyechart {
namespace {

constexpr std::string_view kWhole =
    R"({"a": [1, {"b]": "}\"["}], "c": {}, "d": "\\"})";

TEST(JsonDamage, FindsNoneInWhatIsWhole) {
  for (const std::string& text :
       {std::string(kWhole), "\xEF\xBB\xBF" + std::string(kWhole),
        "\n " + std::string(kWhole) + "\r\n\t", std::string("[]"),
        std::string("\"[\"")})
    EXPECT_EQ(JsonDamage(text), "") << text;
  // Wrong otherwise: the parser's to tell.
  for (const char* text : {"[1,,2]", "nul", "12 13", "[NaN]", "{\"a\" 1}"})
    EXPECT_EQ(JsonDamage(text), "") << text;
}

TEST(JsonDamage, SeesEveryCut) {
  for (std::size_t n = 1; n < kWhole.size(); ++n) {
    const std::string told = JsonDamage(kWhole.substr(0, n));
    EXPECT_NE(told.find("it seems cut"), std::string::npos) << n << told;
    EXPECT_EQ(
        told.find("it ends after byte " + std::to_string(n) + " (line 1)"), 0u)
        << told;
  }
}

TEST(JsonDamage, NamesThePlace) {
  EXPECT_EQ(JsonDamage(""), "it is empty (0 bytes)");
  EXPECT_EQ(JsonDamage(" \n "), "it holds nothing but blanks (3 bytes)");
  EXPECT_EQ(JsonDamage("[1,\n{\"a\": [2"),
            "it ends after byte 12 (line 2), with 3 brackets open, the last [ "
            "of byte 11 (line 2): it seems cut");
  EXPECT_EQ(JsonDamage("[\n\"ab"),
            "it ends after byte 5 (line 2), inside of a text that begins at "
            "byte 3 (line 2): it seems cut");
  EXPECT_EQ(JsonDamage("[1]\n[2]"),
            "there is more behind its end, from byte 5 (line 2)");
  EXPECT_EQ(JsonDamage("\"a\" x"),
            "there is more behind its end, from byte 5 (line 1)");
  EXPECT_EQ(JsonDamage("[{]"),
            "the ] at byte 3 (line 1) meets the { of byte 2 (line 1)");
  EXPECT_EQ(JsonDamage("}"), "the } at byte 1 (line 1) closes nothing");
}

TEST(JsonDamage, NamesWhatIsNoUtf8Text) {
  // "[1]" as UTF-16 and UTF-32, with and without marks.
  const auto bytes = [](std::string_view text, std::size_t n) {
    return JsonDamage(std::string_view(text.data(), n));
  };
  EXPECT_EQ(JsonDamage("\x1F\x8B\x08\x01"), "it is gzip: unpack it first");
  EXPECT_EQ(JsonDamage("\x28\xB5\x2F\xFD$"), "it is zstd: unpack it first");
  EXPECT_EQ(JsonDamage("PK\x03\x04"), "it is a zip file: unpack it first");
  const std::string utf16 = "it is UTF-16: should be UTF-8";
  EXPECT_EQ(bytes("\xFF\xFE[\0"
                  "1\0]\0",
                  8),
            utf16);
  EXPECT_EQ(bytes("\xFE\xFF\0[\0"
                  "1\0]",
                  8),
            utf16);
  EXPECT_EQ(bytes("[\0"
                  "1\0]\0",
                  6),
            utf16);
  EXPECT_EQ(bytes("\0[\0"
                  "1\0]",
                  6),
            utf16);
  EXPECT_EQ(bytes("\xFF\xFE\0\0[\0\0\0", 8), "it is UTF-32: should be UTF-8");
  EXPECT_EQ(JsonDamage("[\"PK\"]"), "");
}

TEST(JsonDamage, GivesUpOnDepth) {
  EXPECT_EQ(JsonDamage(std::string(5000, '[')), "");
  EXPECT_NE(JsonDamage(std::string(1024, '[')), "");
}

}  // namespace
}  // namespace eyechart
