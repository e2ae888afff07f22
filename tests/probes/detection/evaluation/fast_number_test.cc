#include "probes/detection/evaluation/fast_number.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <random>
#include <string>

#include "tests/fixture.h"

namespace eyechart::detection {
namespace {

// strtod rounds to the nearest double.
void ExpectReads(const std::string& text) {
  double number = -7;
  const std::string padded = text + std::string(16, '\0');
  const char* end = ParseJsonNumber(padded.c_str(), number);
  ASSERT_NE(end, nullptr) << text;
  EXPECT_EQ(end - padded.c_str(), static_cast<std::ptrdiff_t>(text.size()));
  EXPECT_EQ(number, std::strtod(text.c_str(), nullptr)) << text;
}

TEST(FastNumberTest, RoundsAsStrtod) {
  for (const char* text :
       {"0", "-0", "7", "0.5", "-12.25", "301.03167724609375", "1e5", "1.5E-7",
        "12345678901234567890", "0.1234567890123456789", "9007199254740993",
        "9007199254740992.5", "4503599627370497.5", "0.30000000000000004",
        "5e-324", "1.7976931348623157e308",
        "0.000000000000000000000000000012345678", "123456789.12345678",
        // Half way between two doubles, and a hair beyond.
        "9007199254740993.0", "1.00000000000000011102230246251565404",
        "1.0000000000000001110", "0.500000000000000055"})
    ExpectReads(text);
}

TEST(FastNumberTest, RoundsAsStrtodOnManyNumbers) {
  std::mt19937& rng = testing::Rng();
  std::uniform_real_distribution<double> real(-700, 700);
  std::uniform_int_distribution<std::uint64_t> digits(0,
                                                      9999999999999999999ULL);
  for (int i = 0; i < 100000; ++i) {
    const double x = real(rng);
    ExpectReads(fmt::format("{}", x));
    ExpectReads(fmt::format("{}", static_cast<double>(static_cast<float>(x))));
    ExpectReads(fmt::format("{:.2f}", x));
    // Up to 19 digits with the point anywhere.
    std::string text = std::to_string(digits(rng));
    text.insert(1 + rng() % text.size(), ".");
    if (text.back() == '.') text += '0';
    ExpectReads(text);
  }
}

TEST(FastNumberTest, RefusesWhatIsNoJsonNumber) {
  double number = 0;
  for (const char* text : {"", "-", "+1", ".5", "1.", "01", "-01", "1e", "1e+",
                           "NaN", "Infinity", "x", "1e999", "-1e999"})
    EXPECT_EQ(ParseJsonNumber(
                  (std::string(text) + std::string(16, '\0')).c_str(), number),
              nullptr)
        << text;
  std::int64_t integer = 0;
  for (const char* text : {"", "-", "1.0", "1e2", "01", "1234567890123456789"})
    EXPECT_EQ(ParseJsonInteger(text, integer), nullptr) << text;
  ASSERT_NE(ParseJsonInteger("-397133,", integer), nullptr);
  EXPECT_EQ(integer, -397133);
}

}  // namespace
}  // namespace eyechart::detection
