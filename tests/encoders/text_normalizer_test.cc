#include "encoders/text_normalizer.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "encoders/charsmap.h"
#include "tests/fixture.h"

namespace eyechart::encoders {
namespace {

using eyechart::testing::InputErrorOf;

std::string Normalize(const Json& json, const std::string& text) {
  return TextNormalizer(json, "file").Normalize(text);
}

TEST(TextNormalizerTest, AppliesTheSequence) {
  const Json json = {
      {"type", "Sequence"},
      {"normalizers",
       Json::array({Json{{"type", "Lowercase"}},
                    Json{{"type", "Replace"},
                         {"pattern", {{"Regex", "[\\s\\-]+"}}},
                         {"content", "_"}},
                    Json{{"type", "Replace"},
                         {"pattern", {{"String", "aa"}}},
                         {"content", "b$1"}},
                    Json{{"type", "Strip"}, {"strip_left", false}},
                    Json{{"type", "Prepend"}, {"prepend", "<"}}})}};
  EXPECT_EQ(Normalize(json, "AAA \x0b-c\u00a0\u0085"), "<b$1a_c_");
  EXPECT_EQ(Normalize(json, ""), "");
  EXPECT_EQ(Normalize(Json(), " Ab "), " Ab ");
}

TEST(TextNormalizerTest, KnowsTheUnicodeForms) {
  EXPECT_EQ(Normalize({{"type", "NFC"}}, "e\u0301"), "\u00e9");
  EXPECT_EQ(Normalize({{"type", "NFD"}}, "\u00e9"), "e\u0301");
  EXPECT_EQ(Normalize({{"type", "NFKC"}}, "\ufb01"), "fi");
  EXPECT_EQ(Normalize({{"type", "NFKD"}}, "\u00bd"), "1\u20442");
  EXPECT_EQ(Normalize({{"type", "StripAccents"}}, "e\u0301a"), "ea");
}

// One letter becomes any length along a chain, or many letters in one step.
TEST(TextNormalizerTest, TextsThatGrowWithoutMeasureAreRefused) {
  for (const char* kind : {"String", "Regex"}) {
    const Json hundred = {{"type", "Replace"},
                          {"pattern", {{kind, "a"}}},
                          {"content", std::string(100, 'a')}};
    EXPECT_EQ(Normalize(hundred, "ba"), fmt::format("b{:a>100}", ""));
    const Json chain = {
        {"type", "Sequence"},
        {"normalizers", Json::array({hundred, hundred, hundred, hundred})}};
    for (const auto& [json, text] :
         {std::pair{chain, std::string("a")},
          std::pair{hundred, std::string(100'000, 'a')}}) {
      const std::string error = InputErrorOf([&] { Normalize(json, text); });
      EXPECT_EQ(error.rfind("file: \"normalizer\": ", 0), 0U) << error;
      EXPECT_NE(error.find("longer than 4194304 bytes"), std::string::npos)
          << error;
    }
  }
}

TEST(TextNormalizerTest, BadFilesNameThePlace) {
  const auto error = [](const Json& json) {
    return InputErrorOf([&] { TextNormalizer(json, "file"); });
  };
  EXPECT_NE(error({{"type", "Magic"}}).find("\"Magic\""), std::string::npos);
  EXPECT_NE(error({{"type", "Replace"},
                   {"pattern", {{"Regex", "(("}}},
                   {"content", ""}})
                .find("(("),
            std::string::npos);
  EXPECT_NE(error({{"type", "Precompiled"}, {"precompiled_charsmap", "?"}})
                .find("base64"),
            std::string::npos);
  EXPECT_NE(error(Json::array()).find("object"), std::string::npos);
}

TEST(CharsmapTest, RefusesTablesThatPointOutside) {
  const auto error = [](const std::string& bytes) {
    return InputErrorOf([&] { Charsmap(bytes, "file"); });
  };
  EXPECT_NE(error("").find("file"), std::string::npos);
  EXPECT_NE(error("abc").find("file"), std::string::npos);
  // A table of 256 empty cells, and texts.
  std::string bytes{"\x00\x04\x00\x00", 4};
  bytes.resize(4 + 1024, '\0');
  bytes += std::string("x\0", 2);
  EXPECT_EQ(error(bytes), "");
  EXPECT_EQ(Charsmap(bytes, "file").Normalize("a\u0301b"), "a\u0301b");
  // The root leads far behind the end.
  std::string outside = bytes;
  outside[6] = '\x7f';
  EXPECT_NE(error(outside).find("damaged"), std::string::npos);
  // More cells than bytes; texts without their end.
  std::string longer = bytes;
  longer[2] = '\x01';
  EXPECT_NE(error(longer).find("damaged"), std::string::npos);
  EXPECT_NE(error(bytes + "y").find("damaged"), std::string::npos);
}

}  // namespace
}  // namespace eyechart::encoders
