#include "cli/detect_compare.h"

#include <fmt/ranges.h>

#include <array>
#include <utility>

#include "core/error.h"

namespace eyechart::cli {
namespace {

// Keys of detect.json, and what they are to people. Of a head without
// suppression the second is absent.
constexpr std::array<std::pair<const char*, const char*>, 2> kHeadKeys = {
    {{"head_shape", "head"}, {"nms", "NMS"}}};

// The value under `key`, an object; empty where it is absent.
Json ComparedPart(const Json& json,
                  const char* key,
                  const std::string& source) {
  const Json part = json.value(key, Json());
  EYECHART_REQUIRE(part.is_null() || part.is_object(),
                   "{}: key \"{}\" should be an object", source, key);
  return part.is_null() ? Json::object() : part;
}

// "NMS iou 0.5 against 0.6" for each key that is not the same.
void AddHeadDifferences(const char* what,
                        const Json& ours,
                        const Json& theirs,
                        std::vector<std::string>& differ) {
  Json keys = ours;
  keys.update(theirs);
  for (const auto& [key, unused] : keys.items()) {
    const Json mine = ours.value(key, Json());
    const Json other = theirs.value(key, Json());
    if (mine != other)
      differ.push_back(fmt::format("{} {} {} against {}", what, key,
                                   other.dump(), mine.dump()));
  }
}

}  // namespace

std::vector<std::string> RequireSameHead(const Json& ours,
                                         const std::string& other) {
  const Json there = ReadJsonFile(other);
  EYECHART_REQUIRE(there.is_object(), "{}: not a JSON object", other);
  std::vector<std::string> differ, warnings;
  for (const auto& [key, what] : kHeadKeys) {
    const Json mine = ComparedPart(ours, key, "this result");
    const Json theirs = ComparedPart(there, key, other);
    if (theirs.empty() && !mine.empty())
      warnings.push_back(fmt::format(
          "{}: it has no \"{}\", being of an earlier eyechart: whether its {} "
          "is this one's, {}, is not known",
          other, key, what, mine.dump()));
    else
      AddHeadDifferences(what, mine, theirs, differ);
  }
  EYECHART_REQUIRE(differ.empty(),
                   "{}: of another head than this one: {}; encoders compare by "
                   "one head",
                   other, fmt::join(differ, ", "));
  return warnings;
}

}  // namespace eyechart::cli
