#include "reports/display.h"

#include <fmt/format.h>

#include <cmath>
#include <map>

#include "core/text.h"

namespace eyechart::reports {
namespace {

constexpr double kMaxFull = 1e15;  // integers beyond are not exact anyway

// Parts the digits of an integer, which may have a sign, by threes.
std::string PartThousands(const std::string& digits) {
  std::string parted;
  const std::size_t first = digits.starts_with('-') ? 1 : 0;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > first && (digits.size() - i) % 3 == 0) parted += "\u202f";
    parted += digits[i];
  }
  return parted;
}

}  // namespace

std::string FormatNumber(double value) {
  const double size = std::abs(value);
  // From 1000 on, four digits leave no decimals.
  if (size < kMaxFull && (value == std::round(value) || size >= 999.95))
    return PartThousands(fmt::format("{:.0f}", value + 0.0));
  return fmt::format("{:#.4g}", value);
}

std::string FormatPercent(double value) {
  if (value == 0 || value == 1) return value == 0 ? "0%" : "100%";
  std::string text;
  for (int digits = 4; digits <= 15; ++digits) {
    text = fmt::format("{:#.{}g}", value * 100, digits);
    if (value > 1 || ParseDouble(text) != 100) break;
  }
  return text + "%";
}

NumberStyle::NumberStyle(std::span<const RunFolder> runs) {
  std::set<std::string, std::less<>> outside;
  std::map<std::string, std::string, std::less<>> units;
  for (const RunFolder& run : runs) {
    for (const Record& record : run.records) {
      if (units.emplace(record.metric, record.unit).first->second !=
          record.unit)
        mixed_.insert(record.metric);
      if (!record.value || record.unit != "1") continue;
      if (*record.value < 0 || *record.value > 1)
        outside.insert(record.metric);
      else if (record.ci || (*record.value > 0 && *record.value < 1))
        shares_.insert(record.metric);
    }
  }
  for (const std::string& metric : outside) shares_.erase(metric);
}

std::string NumberStyle::Number(std::string_view metric, double value) const {
  return shares_.contains(metric) ? FormatPercent(value) : FormatNumber(value);
}

std::string NumberStyle::Interval(const Record& record) const {
  if (!record.ci) return "";
  return fmt::format("[{}, {}]", Number(record.metric, record.ci->low),
                     Number(record.metric, record.ci->high));
}

std::string NumberStyle::Value(const Record& record) const {
  if (record.status == RecordStatus::kError) return "failed";
  if (record.status == RecordStatus::kSkipped) return "skipped";
  if (!record.value) return "no value";
  std::string text = Number(record.metric, *record.value);
  if (mixed_.contains(record.metric)) text += " " + UnitText(record.unit);
  return text;
}

std::string UnitText(std::string_view unit) {
  if (unit.empty() || unit == "1") return "";
  if (unit == "1e-9") return "per 10\u2079";
  return std::string(unit);
}

std::string_view DirectionArrow(std::string_view direction) {
  if (direction == "higher") return "\u2191";
  if (direction == "lower") return "\u2193";
  return "";
}

std::string JsonText(const Json& value) {
  return value.is_string() ? value.get<std::string>() : CanonicalJson(value);
}

std::string FormatSeconds(double seconds) {
  if (!(seconds >= 59.95)) return fmt::format("{:.3g} s", seconds);
  const double whole = std::round(seconds);
  const double hours = std::floor(whole / 3600);
  const double minutes = std::floor(std::fmod(whole, 3600) / 60);
  if (hours > 0) return fmt::format("{:.0f} h {:.0f} min", hours, minutes);
  return fmt::format("{:.0f} min {:.0f} s", minutes, std::fmod(whole, 60));
}

}  // namespace eyechart::reports
