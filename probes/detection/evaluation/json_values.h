// Values of simdjson's on-demand parser, with errors that name their place.
#pragma once

#include <simdjson.h>

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "probes/detection/evaluation/raw_ids.h"

namespace eyechart::detection {

using JsonValue = simdjson::ondemand::value;

/// Where a value stands: "gt.json: annotations[3]". Told only when it is wrong.
struct Place {
  const std::string& source;
  const char* list;  // "" for the file's own list
  std::int64_t index;
  std::string ToString() const;
};

/// Throws InputError "<place>: <key> should be <what>; it is <text>".
[[noreturn]] void ThrowWrong(const Place& place,
                             const char* key,
                             const char* what,
                             std::string_view text);
/// Throws InputError for a file that is not JSON.
[[noreturn]] void ThrowNotJson(const std::string& source,
                               simdjson::error_code error);
/// Throws InputError for a text that is cut, or goes on behind its end, saying
/// where; meant for one that could not be read.
void ThrowIfDamaged(const std::string& source, std::string_view json);

/// Whether nothing is left behind the value that was read.
bool AtEnd(simdjson::ondemand::document& document);

/// `json` without the mark that some programs begin a UTF-8 file with.
simdjson::padded_string_view WithoutByteOrderMark(
    simdjson::padded_string_view json);

/// A finite number, or nothing: for keys that are not needed.
std::optional<double> NumberIf(JsonValue& value);
/// A finite number.
double NumberOf(JsonValue& value, const Place& place, const char* key);
/// An integer, 3.0 included as in Python. `what` is said where it is none.
std::int64_t IntegerOf(JsonValue& value,
                       const Place& place,
                       const char* key,
                       const char* what = "an integer");
/// An integer or a text.
RawId IdOf(JsonValue& value,
           const Place& place,
           const char* key,
           IdTexts& texts);
/// 0, 1, true or false.
bool FlagOf(JsonValue& value, const Place& place, const char* key);
/// [x, y, width, height].
std::array<double, 4> BoxOf(JsonValue& value, const Place& place);

}  // namespace eyechart::detection
