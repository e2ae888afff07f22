#include "probes/multiple_choice/reading.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <string>

#include "core/text.h"
#include "probes/multiple_choice/words.h"

namespace eyechart::multiple_choice {
namespace {

constexpr double kDial = 720;  // minutes

std::optional<double> OnlyReading(const std::set<double>& found) {
  if (found.size() != 1) return std::nullopt;
  return *found.begin();
}

// "3:45" or "15:45:20" as minutes of the dial.
std::optional<double> TimeOf(std::string word) {
  for (const char* suffix : {"am", "pm"})
    if (word.size() > 2 && word.ends_with(suffix)) word.resize(word.size() - 2);
  const std::size_t colon = word.find(':');
  if (colon == std::string::npos) return std::nullopt;
  const std::string_view rest = std::string_view(word).substr(colon + 1);
  const auto hour = ParseInt(std::string_view(word).substr(0, colon));
  const auto minute = ParseInt(rest.substr(0, rest.find(':')));
  if (!hour || !minute || *hour < 0 || *hour > 24 || *minute < 0 ||
      *minute > 59 || rest.substr(0, rest.find(':')).size() != 2)
    return std::nullopt;
  return static_cast<double>((*hour % 12) * 60 + *minute);
}

double Distance(Reading reading, double truth, double read) {
  const double plain = std::abs(read - truth);
  if (reading != Reading::kClock) return plain;
  const double turn = std::fmod(plain, kDial);
  return std::min(turn, kDial - turn);
}

}  // namespace

std::optional<double> ParseClock(std::string_view text) {
  std::set<double> found;
  for (const Word& word : Words(PlainPunctuation(text)))
    if (const auto time = TimeOf(word.text)) found.insert(*time);
  return OnlyReading(found);
}

std::optional<double> ParseNumber(std::string_view text) {
  std::set<double> found;
  for (const Word& word : Words(PlainPunctuation(text))) {
    // A unit may stick to the number: "42psi".
    const std::size_t end = word.text.find_first_not_of("+-.,0123456789");
    std::string digits = word.text.substr(0, end);
    const std::size_t comma = digits.find(',');
    if (comma != std::string::npos) {
      if (digits.size() - comma == 4)
        std::erase(digits, ',');  // thousands
      else
        digits[comma] = '.';
    }
    if (const auto value = ParseDouble(digits)) found.insert(*value);
  }
  return OnlyReading(found);
}

std::optional<double> ReadingError(Reading reading,
                                   const Question& item,
                                   double read) {
  if (!item.value || reading == Reading::kNone) return std::nullopt;
  const double distance = Distance(reading, *item.value, read);
  if (reading == Reading::kClock) return distance;
  if (!item.range || !(*item.range > 0)) return std::nullopt;
  return 100 * distance / *item.range;
}

bool WithinTolerance(Reading reading, const Question& item, double read) {
  return item.value &&
         Distance(reading, *item.value, read) <= item.tolerance.value_or(0);
}

}  // namespace eyechart::multiple_choice
