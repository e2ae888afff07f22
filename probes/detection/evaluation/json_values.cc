#include "probes/detection/evaluation/json_values.h"

#include <cmath>
#include <optional>

#include "core/error.h"
#include "core/json_damage.h"
#include "core/text.h"

namespace eyechart::detection {
namespace {

namespace od = simdjson::ondemand;

std::string Shown(JsonValue& value) {
  constexpr std::size_t kMost = 40;
  std::string text(value.raw_json_token());
  while (!text.empty() && (text.back() == ' ' || text.back() == '\n' ||
                           text.back() == '\r' || text.back() == '\t'))
    text.pop_back();
  const bool quoted = text.starts_with('"');
  if (text.size() > kMost) text = text.substr(0, kMost) + "...";
  // "1" beside 1 is easily overlooked.
  return quoted ? text + ", a text" : text;
}

std::optional<std::int64_t> Integer(JsonValue& value) {
  od::json_type type;
  if (value.type().get(type) != simdjson::SUCCESS ||
      type != od::json_type::number)
    return {};
  std::int64_t number = 0;
  if (value.get_int64().get(number) == simdjson::SUCCESS) return number;
  const std::optional<double> real = NumberIf(value);
  constexpr double kExact = 9007199254740992.0;  // 2^53
  if (!real || *real != std::floor(*real) || std::abs(*real) > kExact)
    return {};
  return static_cast<std::int64_t>(*real);
}

}  // namespace

std::string Place::ToString() const {
  return *list == '\0' ? fmt::format("{}: entry {}", source, index)
                       : fmt::format("{}: {}[{}]", source, list, index);
}

void ThrowWrong(const Place& place,
                const char* key,
                const char* what,
                std::string_view text) {
  ThrowInput("{}: {} should be {}; it is {}", place.ToString(), key, what,
             text);
}

void ThrowNotJson(const std::string& source, simdjson::error_code error) {
  ThrowInput("{}: not a JSON file: {}", source, simdjson::error_message(error));
}

void ThrowIfDamaged(const std::string& source, std::string_view json) {
  const std::string damage = JsonDamage(json);
  EYECHART_REQUIRE(damage.empty(), "{}: not a JSON file: {}", source, damage);
}

bool AtEnd(simdjson::ondemand::document& document) {
  return document.current_location().error() == simdjson::OUT_OF_BOUNDS;
}

simdjson::padded_string_view WithoutByteOrderMark(
    simdjson::padded_string_view json) {
  if (!json.starts_with(kUtf8Mark)) return json;
  const std::size_t n = kUtf8Mark.size();
  return simdjson::padded_string_view(json.data() + n, json.size() - n,
                                      json.capacity() - n);
}

std::optional<double> NumberIf(JsonValue& value) {
  od::json_type type;
  if (value.type().get(type) != simdjson::SUCCESS ||
      type != od::json_type::number)
    return {};
  double number = 0;
  if (value.get_double().get(number) != simdjson::SUCCESS ||
      !std::isfinite(number))
    return {};
  return number;
}

double NumberOf(JsonValue& value, const Place& place, const char* key) {
  const std::optional<double> number = NumberIf(value);
  if (!number) ThrowWrong(place, key, "a finite number", Shown(value));
  return *number;
}

std::int64_t IntegerOf(JsonValue& value,
                       const Place& place,
                       const char* key,
                       const char* what) {
  const std::optional<std::int64_t> number = Integer(value);
  if (!number || *number <= kLeastNumber)
    ThrowWrong(place, key, what, Shown(value));
  return *number;
}

RawId IdOf(JsonValue& value,
           const Place& place,
           const char* key,
           IdTexts& texts) {
  od::json_type type;
  std::string_view text;
  if (value.type().get(type) == simdjson::SUCCESS &&
      type == od::json_type::string &&
      value.get_string().get(text) == simdjson::SUCCESS)
    return texts.Intern(text);
  const std::optional<std::int64_t> number = Integer(value);
  if (!number || *number <= kLeastNumber)
    ThrowWrong(place, key, "an integer or a text", Shown(value));
  return *number;
}

bool FlagOf(JsonValue& value, const Place& place, const char* key) {
  bool flag = false;
  if (value.get_bool().get(flag) == simdjson::SUCCESS) return flag;
  const std::optional<std::int64_t> number = Integer(value);
  if (!number || (*number != 0 && *number != 1))
    ThrowWrong(place, key, "0 or 1", Shown(value));
  return *number == 1;
}

std::array<double, 4> BoxOf(JsonValue& value, const Place& place) {
  std::array<double, 4> box{};
  od::array list;
  constexpr const char* kWhat = "[x, y, width, height], four finite numbers";
  if (value.get_array().get(list) != simdjson::SUCCESS)
    ThrowWrong(place, "bbox", kWhat, Shown(value));
  std::size_t n = 0;
  for (auto result : list) {
    JsonValue one;
    if (result.get(one) != simdjson::SUCCESS)
      ThrowWrong(place, "bbox", kWhat, "damaged");
    const std::optional<double> number = NumberIf(one);
    if (!number) ThrowWrong(place, "bbox", kWhat, Shown(one) + " in part");
    if (n < box.size()) box[n] = *number;
    ++n;
  }
  if (n != box.size())
    ThrowWrong(place, "bbox", kWhat, fmt::format("a list of {}", n));
  return box;
}

}  // namespace eyechart::detection
