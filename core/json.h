// JSON: nlohmann's, with errors that name the file and the key.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <nlohmann/json.hpp>

#include "core/error.h"

namespace eyechart {

using Json = nlohmann::json;

/// What becomes of a key that stands twice in one object.
enum class DuplicateKeys {
  kLast,    // the last one counts, as in Python's json
  kRefuse,  // an InputError names it
};

/// Parses `text`; `source` (a file name) is named in errors. Throws InputError
/// with the byte position, and for nesting deeper than 256.
Json ParseJson(std::string_view text,
               const std::string& source,
               DuplicateKeys duplicates = DuplicateKeys::kLast);

/// ParseJson of a file's content.
Json ReadJsonFile(const std::filesystem::path& path,
                  DuplicateKeys duplicates = DuplicateKeys::kLast);

/// Sorted keys and no spaces: equal content gives equal bytes, the form that is
/// hashed. Text that is not UTF-8 is kept as U+FFFD.
std::string CanonicalJson(const Json& value);

namespace internal {
[[noreturn]] void ThrowJsonType(const Json& value,
                                std::string_view key,
                                const std::string& source,
                                const char* expected);

template <typename T>
const char* JsonTypeName() {
  if constexpr (std::is_same_v<T, bool>)
    return "true or false";
  else if constexpr (std::is_integral_v<T>)
    return sizeof(T) < 8 ? "an integer of 32 bits" : "an integer";
  else if constexpr (std::is_floating_point_v<T>)
    return "a number";
  else if constexpr (std::is_same_v<T, std::string>)
    return "a text";
  else
    return "a value of another type";
}

template <typename T>
bool JsonFits(const Json& value) {
  if constexpr (std::is_same_v<T, bool>)
    return value.is_boolean();
  else if constexpr (std::is_integral_v<T>)
    // get() would wrap what T cannot hold.
    return value.is_number_unsigned()
               ? std::in_range<T>(value.get<std::uint64_t>())
               : value.is_number_integer() &&
                     std::in_range<T>(value.get<std::int64_t>());
  else if constexpr (std::is_floating_point_v<T>)
    return value.is_number();
  else if constexpr (std::is_same_v<T, std::string>)
    return value.is_string();
  else
    return true;
}
}  // namespace internal

/// The value under `key`, or `fallback` where the key is absent or null. A
/// value of another type throws InputError naming file, key and value.
template <typename T>
T JsonGetOr(const Json& object,
            std::string_view key,
            T fallback,
            const std::string& source) {
  const auto it = object.find(key);
  if (it == object.end() || it->is_null()) return fallback;
  if (!internal::JsonFits<T>(*it))
    internal::ThrowJsonType(*it, key, source, internal::JsonTypeName<T>());
  return it->template get<T>();
}

/// The value under `key`, or nothing where it is null; an absent key throws
/// InputError too.
template <typename T>
std::optional<T> JsonGetMaybe(const Json& object,
                              std::string_view key,
                              const std::string& source) {
  const auto it = object.find(key);
  EYECHART_REQUIRE(it != object.end(),
                   "{}: key \"{}\" is missing; it should be {} or null", source,
                   key, internal::JsonTypeName<T>());
  if (it->is_null()) return std::nullopt;
  return JsonGetOr<T>(object, key, T{}, source);
}

/// The value under `key`; an absent key throws InputError too.
template <typename T>
T JsonGet(const Json& object, std::string_view key, const std::string& source) {
  const auto it = object.find(key);
  EYECHART_REQUIRE(it != object.end() && !it->is_null(),
                   "{}: key \"{}\" is missing; it should be {}", source, key,
                   internal::JsonTypeName<T>());
  return JsonGetOr<T>(object, key, T{}, source);
}

}  // namespace eyechart
