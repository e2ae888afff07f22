#include "core/safetensors.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include "tests/fixture.h"

namespace eyechart {
namespace {

using testing::InputErrorOf;
using testing::TempFolder;

std::string WithLength(std::uint64_t length, const std::string& rest) {
  std::string text(8, '\0');
  for (int i = 0; i < 8; ++i)
    text[static_cast<std::size_t>(i)] =
        static_cast<char>((length >> (8 * i)) & 255);
  return text + rest;
}

std::string WithHeader(const std::string& header, const std::string& data) {
  return WithLength(header.size(), header + data);
}

std::string ErrorOf(const std::string& content) {
  const TempFolder folder;
  testing::WriteText(folder / "m.safetensors", content);
  return InputErrorOf([&] { SafetensorsFile file(folder / "m.safetensors"); });
}

TEST(Safetensors, ReadsBackWhatItWrites) {
  const std::vector<float> a = {1, 2, 3, 4, 5, 6};
  const std::vector<std::uint8_t> b = {7, 8};
  const std::vector<std::pair<std::string, TensorView>> tensors = {
      {"a", {DType::kF32, {2, 3}, std::as_bytes(std::span(a))}},
      {"b", {DType::kU8, {2}, std::as_bytes(std::span(b))}}};
  std::string content = SafetensorsHeader(tensors);
  EXPECT_EQ(content.size() % 8, 0u);
  content.append(reinterpret_cast<const char*>(a.data()), 24);
  content.append(reinterpret_cast<const char*>(b.data()), 2);
  const TempFolder folder;
  testing::WriteText(folder / "m", content);
  const SafetensorsFile file(folder / "m");
  ASSERT_EQ(file.tensors().size(), 2u);
  const TensorView& view = file.at("a");
  EXPECT_EQ(view.dtype, DType::kF32);
  EXPECT_EQ(view.shape, (std::vector<std::int64_t>{2, 3}));
  EXPECT_EQ(std::memcmp(view.data.data(), a.data(), 24), 0);
  EXPECT_NE(InputErrorOf([&] { (void)file.at("c"); }).find("\"c\""),
            std::string::npos);
}

TEST(Safetensors, RefusesHeadersThatLie) {
  EXPECT_NE(ErrorOf("1234").find("too short"), std::string::npos);
  EXPECT_NE(ErrorOf(WithLength(std::uint64_t{1} << 60, "{}"))
                .find("1152921504606846976"),
            std::string::npos);
  EXPECT_NE(ErrorOf(WithLength(~std::uint64_t{0}, "{}")), "");
  EXPECT_NE(ErrorOf(WithLength(3, "{}")).find("cut short"), std::string::npos);
  EXPECT_NE(ErrorOf(WithHeader("[1]", "")).find("not a JSON object"),
            std::string::npos);
}

TEST(Safetensors, RefusesEntriesThatLie) {
  const auto error = [](const std::string& entry) {
    return ErrorOf(WithHeader("{\"w\":" + entry + "}", "12345678"));
  };
  const std::string good =
      "{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}";
  EXPECT_EQ(error(good), "");
  for (const char* bad : {
           "{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,9]}",
           "{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,0]}",
           "{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,8]}",
           "{\"dtype\":\"F32\",\"shape\":[-2],\"data_offsets\":[0,8]}",
           "{\"dtype\":\"F32\",\"shape\":[4611686018427387906],"
           "\"data_offsets\":[0,8]}",
           "{\"dtype\":\"F32\",\"shape\":[1099511627776,1099511627776],"
           "\"data_offsets\":[0,8]}",
           "{\"dtype\":\"F32\",\"shape\":[18446744073709551615],"
           "\"data_offsets\":[0,8]}",
           "{\"dtype\":\"U8\",\"shape\":[4611686018427387904,3,0],"
           "\"data_offsets\":[0,0]}",
           "{\"dtype\":\"F32\",\"shape\":[2.0],\"data_offsets\":[0,8]}",
           "{\"dtype\":\"F32\",\"shape\":[2],"
           "\"data_offsets\":[0,18446744073709551615]}",
           "{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8,8]}",
           "{\"dtype\":\"F32\",\"shape\":\"2\",\"data_offsets\":[0,8]}",
           "{\"dtype\":\"Q4\",\"shape\":[2],\"data_offsets\":[0,8]}",
           "{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[-1,7]}",
           "{\"shape\":[2],\"data_offsets\":[0,8]}",
           "7",
       }) {
    EXPECT_NE(error(bad).find("tensor w"), std::string::npos) << bad;
  }
}

TEST(Safetensors, RefusesATensorThatStandsTwice) {
  const std::string entry =
      ":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":";
  EXPECT_NE(
      ErrorOf(WithHeader("{\"w\"" + entry + "[0,4]},\"w\"" + entry + "[4,8]}}",
                         "12345678"))
          .find("\"w\" stands twice"),
      std::string::npos);
}

TEST(Safetensors, RefusesHeadersThatAreNoText) {
  const std::string entry =
      ":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}";
  EXPECT_EQ(ErrorOf(WithHeader("{\"\xc3\xa9\"" + entry, "1")), "");
  EXPECT_NE(
      ErrorOf(WithHeader("{\"\xc3(\"" + entry, "1")).find("not valid JSON"),
      std::string::npos);
  const std::string deep(200'000, '[');
  EXPECT_NE(ErrorOf(WithHeader("{\"w\":" + deep, "")), "");
}

TEST(Safetensors, RefusesTensorsThatShareBytes) {
  const std::string entry = "{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":";
  EXPECT_NE(ErrorOf(WithHeader(
                        "{\"a\":" + entry + "[0,4]},\"b\":" + entry + "[2,6]}}",
                        "12345678"))
                .find("share bytes"),
            std::string::npos);
}

// Whatever the bytes, the reader returns or throws InputError.
TEST(Safetensors, SurvivesRandomDamage) {
  const std::string good = WithHeader(
      "{\"w\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}",
      "12345678");
  const TempFolder folder;
  for (int round = 0; round < 500; ++round) {
    std::string bad = good;
    for (int k = 0; k < 3; ++k)
      bad[testing::Rng()() % bad.size()] =
          static_cast<char>(testing::Rng()() % 256);
    if (round % 3 == 0) bad.resize(testing::Rng()() % bad.size());
    testing::WriteText(folder / "m", bad);
    InputErrorOf([&] { SafetensorsFile file(folder / "m"); });
  }
}

}  // namespace
}  // namespace eyechart
