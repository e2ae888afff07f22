#include "probes/detection/evaluation/fast_number.h"

#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <system_error>

namespace eyechart::detection {
namespace {

bool IsDigit(char c) { return static_cast<unsigned>(c - '0') < 10; }

// Any JSON number, at leisure.
const char* ParseSlowly(const char* text, double& number) {
  const char* p = text;
  if (*p == '-') ++p;
  const char* whole = p;
  while (IsDigit(*p)) ++p;
  if (p == whole || (*whole == '0' && p - whole > 1)) return nullptr;
  if (*p == '.') {
    const char* fraction = ++p;
    while (IsDigit(*p)) ++p;
    if (p == fraction) return nullptr;
  }
  if (*p == 'e' || *p == 'E') {
    ++p;
    if (*p == '+' || *p == '-') ++p;
    const char* exponent = p;
    while (IsDigit(*p)) ++p;
    if (p == exponent) return nullptr;
  }
  const auto [end, error] = std::from_chars(text, p, number);
  return error == std::errc() && end == p && std::isfinite(number) ? p
                                                                   : nullptr;
}

// Eight digits at once: pairs, then fours, then eights (a known trick of
// arithmetic within a word).
bool EightDigits(const char* p, std::uint64_t& value) {
  std::uint64_t word;
  std::memcpy(&word, p, sizeof word);
  const std::uint64_t high = word & 0xF0F0F0F0F0F0F0F0ULL;
  const std::uint64_t carried =
      (word + 0x0606060606060606ULL) & 0xF0F0F0F0F0F0F0F0ULL;
  if (high != 0x3030303030303030ULL || carried != high) return false;
  word -= 0x3030303030303030ULL;
  word = word * 10 + (word >> 8);
  constexpr std::uint64_t kMask = 0x000000FF000000FFULL;
  value = ((word & kMask) * (100 + (1000000ULL << 32)) +
           ((word >> 16) & kMask) * (1 + (10000ULL << 32))) >>
          32;
  return true;
}

constexpr int kMostScale = 27;  // 10^27 = 2^27 * 5^27 is exact in 64 bits

constexpr std::array<long double, kMostScale + 1> kPowers = [] {
  std::array<long double, kMostScale + 1> powers{};
  long double power = 1;
  for (long double& one : powers) {
    one = power;
    power *= 10;
  }
  return powers;
}();

// digits / 10^scale, rounded once; false where that cannot be told this way.
bool Divide(std::uint64_t digits, int scale, double& number) {
  if (scale == 0) {
    number = static_cast<double>(digits);
    return true;
  }
  constexpr std::uint64_t kExact = std::uint64_t{1} << 53;
  if (digits < kExact && scale <= 22) {
    number = static_cast<double>(digits) /
             static_cast<double>(kPowers[static_cast<std::size_t>(scale)]);
    return true;
  }
  if constexpr (std::numeric_limits<long double>::digits == 64 &&
                std::endian::native == std::endian::little) {
    // Both are exact in 64 bits, so the quotient is rounded once; rounding it
    // again to 53 is harmless unless it lies half way between two doubles.
    if (scale > kMostScale) return false;
    const long double quotient = static_cast<long double>(digits) /
                                 kPowers[static_cast<std::size_t>(scale)];
    std::uint64_t mantissa;
    std::memcpy(&mantissa, &quotient, sizeof mantissa);
    constexpr std::uint64_t kDropped = (std::uint64_t{1} << 11) - 1;
    if ((mantissa & kDropped) == (kDropped + 1) / 2) return false;
    number = static_cast<double>(quotient);
    return true;
  }
  return false;
}

}  // namespace

const char* ParseJsonNumber(const char* text, double& number) {
  const bool negative = *text == '-';
  const char* p = text + (negative ? 1 : 0);
  const char* whole = p;
  std::uint64_t digits = 0;
  while (IsDigit(*p)) digits = digits * 10 + static_cast<unsigned>(*p++ - '0');
  const auto whole_digits = p - whole;
  if (whole_digits == 0 || (whole_digits > 1 && *whole == '0')) return nullptr;
  int scale = 0;
  if (*p == '.') {
    const char* fraction = ++p;
    constexpr std::uint64_t kEight = 100000000;
    for (std::uint64_t eight; IsDigit(*p) && EightDigits(p, eight); p += 8)
      digits = digits * kEight + eight;
    while (IsDigit(*p))
      digits = digits * 10 + static_cast<unsigned>(*p++ - '0');
    scale = static_cast<int>(p - fraction);
    if (scale == 0) return nullptr;
  }
  constexpr int kMostDigits = 19;  // below 2^64
  if (*p == 'e' || *p == 'E' || whole_digits + scale > kMostDigits ||
      !Divide(digits, scale, number))
    return ParseSlowly(text, number);
  if (negative) number = -number;
  return p;
}

const char* ParseJsonInteger(const char* text, std::int64_t& number) {
  const bool negative = *text == '-';
  const char* p = text + (negative ? 1 : 0);
  const char* whole = p;
  std::uint64_t digits = 0;
  while (IsDigit(*p)) digits = digits * 10 + static_cast<unsigned>(*p++ - '0');
  constexpr int kMostDigits = 18;
  const auto n = p - whole;
  if (n == 0 || n > kMostDigits || (n > 1 && *whole == '0') || *p == '.' ||
      *p == 'e' || *p == 'E')
    return nullptr;
  number = negative ? -static_cast<std::int64_t>(digits)
                    : static_cast<std::int64_t>(digits);
  return p;
}

}  // namespace eyechart::detection
