#include "encoders/config_reader.h"

#include <utility>

#include "core/error.h"

namespace eyechart::encoders {
namespace {

constexpr std::int64_t kMost = std::int64_t{1} << 24;

}  // namespace

ConfigReader::ConfigReader(const Json& object, std::string source)
    : object_(object), source_(std::move(source)) {
  EYECHART_REQUIRE(object.is_object(), "{}: should be a JSON object", source_);
}

std::int64_t ConfigReader::InRange(std::string_view key,
                                   std::int64_t value) const {
  EYECHART_REQUIRE(value >= 1 && value <= kMost,
                   "{}: \"{}\" is {}; it should be from 1 to {}", source_, key,
                   value, kMost);
  return value;
}

std::int64_t ConfigReader::Size(std::string_view key,
                                std::int64_t fallback) const {
  return InRange(key, JsonGetOr<std::int64_t>(object_, key, fallback, source_));
}

std::int64_t ConfigReader::Side(std::string_view key,
                                std::int64_t fallback) const {
  const auto it = object_.find(key);
  if (it == object_.end() || !it->is_array()) return Size(key, fallback);
  EYECHART_REQUIRE(
      it->size() == 2 && (*it)[0].is_number_integer() && (*it)[0] == (*it)[1],
      "{}: \"{}\" is {}; one side for height and width is what is "
      "supported",
      source_, key, it->dump());
  return InRange(key, (*it)[0].get<std::int64_t>());
}

std::vector<std::int64_t> ConfigReader::Sizes(
    std::string_view key,
    const std::vector<std::int64_t>& fallback,
    std::int64_t least) const {
  const auto it = object_.find(key);
  if (it == object_.end() || it->is_null()) return fallback;
  std::vector<std::int64_t> sizes;
  bool fits = it->is_array() && !it->empty();
  for (std::size_t i = 0; fits && i < it->size(); ++i) {
    fits =
        (*it)[i].is_number_integer() && (*it)[i] >= least && (*it)[i] <= kMost;
    if (fits) sizes.push_back((*it)[i].get<std::int64_t>());
  }
  EYECHART_REQUIRE(fits,
                   "{}: \"{}\" is {}; it should be a list of integers from {} "
                   "to {}",
                   source_, key, it->dump(), least, kMost);
  return sizes;
}

bool ConfigReader::Flag(std::string_view key, bool fallback) const {
  return JsonGetOr<bool>(object_, key, fallback, source_);
}

std::vector<bool> ConfigReader::Flags(std::string_view key,
                                      const std::vector<bool>& fallback) const {
  const auto it = object_.find(key);
  if (it == object_.end() || it->is_null()) return fallback;
  std::vector<bool> flags;
  bool fits = it->is_array() && !it->empty();
  for (std::size_t i = 0; fits && i < it->size(); ++i) {
    fits = (*it)[i].is_boolean();
    if (fits) flags.push_back((*it)[i].get<bool>());
  }
  EYECHART_REQUIRE(fits,
                   "{}: \"{}\" is {}; it should be a list of true and false",
                   source_, key, it->dump());
  return flags;
}

double ConfigReader::Number(std::string_view key, double fallback) const {
  return JsonGetOr<double>(object_, key, fallback, source_);
}

double ConfigReader::Epsilon(std::string_view key, double fallback) const {
  const double epsilon = Number(key, fallback);
  EYECHART_REQUIRE(epsilon >= 0 && epsilon <= 1,
                   "{}: \"{}\" is {}; it should be from 0 to 1", source_, key,
                   epsilon);
  return epsilon;
}

Activation ConfigReader::GetActivation(std::string_view key,
                                       std::string_view fallback) const {
  return ParseActivation(
      JsonGetOr<std::string>(object_, key, std::string(fallback), source_),
      fmt::format("{}: \"{}\"", source_, key));
}

void ConfigReader::RequireHeads(std::int64_t width, std::int64_t heads) const {
  EYECHART_REQUIRE(width % heads == 0,
                   "{}: {} attention heads do not divide a width of {}",
                   source_, heads, width);
}

}  // namespace eyechart::encoders
