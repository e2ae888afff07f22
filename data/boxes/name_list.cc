#include "data/boxes/name_list.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>

#include "core/error.h"
#include "core/files.h"
#include "core/text.h"

namespace eyechart::data::internal {
namespace {

std::string NameOf(const YAML::Node& node,
                   std::size_t i,
                   const std::string& source) {
  EYECHART_REQUIRE(node.IsScalar() && !node.Scalar().empty(),
                   "{}: names: entry {} should be a text", source, i);
  RequireUtf8(node.Scalar(), source);
  return node.Scalar();
}

// {0: cat, 1: dog}, in any order.
std::vector<std::string> MapNames(const YAML::Node& node,
                                  const std::string& source) {
  std::map<std::int64_t, std::string> by_number;
  for (const auto& entry : node) {
    const std::optional<std::int64_t> number =
        entry.first.IsScalar() ? ParseInt(entry.first.Scalar()) : std::nullopt;
    EYECHART_REQUIRE(number, "{}: names: keys should be 0, 1, 2, ...", source);
    const bool fresh =
        by_number
            .emplace(*number, NameOf(entry.second, by_number.size(), source))
            .second;
    EYECHART_REQUIRE(fresh, "{}: names: the key {} stands twice", source,
                     *number);
  }
  std::vector<std::string> names;
  for (auto& [number, name] : by_number) {
    EYECHART_REQUIRE(number == static_cast<std::int64_t>(names.size()),
                     "{}: names: the key {} is missing; keys should be 0, 1, "
                     "2, ...",
                     source, names.size());
    names.push_back(std::move(name));
  }
  return names;
}

std::vector<std::string> NamesOf(const YAML::Node& document,
                                 const std::string& source) {
  EYECHART_REQUIRE(document.IsMap() && document["names"],
                   "{}: key \"names\" is missing; it should list the classes",
                   source);
  const YAML::Node node = document["names"];
  std::vector<std::string> names;
  if (node.IsMap()) {
    names = MapNames(node, source);
  } else {
    EYECHART_REQUIRE(node.IsSequence(),
                     "{}: names: should be a list, or a map from 0 on", source);
    for (const auto& entry : node)
      names.push_back(NameOf(entry, names.size(), source));
  }
  EYECHART_REQUIRE(!names.empty(), "{}: names: is empty", source);
  if (const YAML::Node count = document["nc"]) {
    EYECHART_REQUIRE(
        count.IsScalar() &&
            ParseInt(count.Scalar()) == static_cast<std::int64_t>(names.size()),
        "{}: nc is {}, but there are {} names", source,
        count.IsScalar() ? count.Scalar() : "no number", names.size());
  }
  return names;
}

constexpr std::uintmax_t kMaxNameBytes = 1 << 24;  // a text that people wrote

bool IsNameLines(const std::filesystem::path& path) {
  return path.extension() == ".txt" || path.extension() == ".names";
}

std::size_t KeypointNumbers(const YAML::Node& document,
                            const std::string& source) {
  const YAML::Node shape = document["kpt_shape"];
  if (!shape || shape.IsNull()) return 0;
  constexpr std::int64_t kMostKeypoints = 10000;
  std::vector<std::int64_t> sides;
  if (shape.IsSequence())
    for (const auto& side : shape)
      sides.push_back(side.IsScalar() ? ParseInt(side.Scalar()).value_or(0)
                                      : 0);
  EYECHART_REQUIRE(sides.size() == 2 && sides[0] > 0 &&
                       sides[0] <= kMostKeypoints &&
                       (sides[1] == 2 || sides[1] == 3),
                   "{}: kpt_shape should be [keypoints, 2 or 3]: how many a "
                   "box has, and how many numbers each of them",
                   source);
  return static_cast<std::size_t>(sides[0] * sides[1]);
}

YoloYaml YoloYamlOf(const YAML::Node& document, const std::string& source) {
  YoloYaml yaml;
  if (!document.IsMap()) return yaml;
  yaml.keypoint_numbers = KeypointNumbers(document, source);
  const YAML::Node path = document["path"];
  if (path && path.IsScalar()) yaml.path = path.Scalar();
  for (const char* part : {"train", "val", "test"}) {
    const YAML::Node value = document[part];
    if (!value) continue;
    if (value.IsScalar() && !value.Scalar().empty())
      yaml.folders.push_back({part, value.Scalar()});
    if (!value.IsSequence()) continue;
    for (const auto& entry : value)
      if (entry.IsScalar() && !entry.Scalar().empty())
        yaml.folders.push_back({part, entry.Scalar()});
  }
  return yaml;
}

}  // namespace

void RequireUtf8(std::string_view name, const std::string& source) {
  EYECHART_REQUIRE(IsUtf8(name),
                   "{}: the name \"{}\" is not UTF-8; it should be",
                   EscapeNotUtf8(source), EscapeNotUtf8(name));
}

std::string_view TakeLine(std::string_view& text) {
  const std::string_view line = text.substr(0, text.find_first_of("\r\n"));
  text.remove_prefix(line.size());
  // Some programs write CR CR LF.
  const std::size_t behind = text.find_first_not_of('\r');
  const bool feed = behind != text.npos && text[behind] == '\n';
  text.remove_prefix(feed ? behind + 1 : std::min<std::size_t>(text.size(), 1));
  return line;
}

std::vector<std::string> ParseNameLines(std::string_view text,
                                        const std::string& source) {
  constexpr std::string_view kBlanks = " \t";
  text = WithoutUtf8Mark(text);
  std::vector<std::string> names;
  std::size_t empty = 0;
  while (!text.empty()) {
    const std::string_view line = TakeLine(text);
    const std::size_t begin = line.find_first_not_of(kBlanks);
    if (begin == line.npos) {
      ++empty;
      continue;
    }
    EYECHART_REQUIRE(empty == 0,
                     "{}: line {} is empty; lines are the classes 0, 1, ...",
                     source, names.size() + 1);
    names.emplace_back(
        line.substr(begin, line.find_last_not_of(kBlanks) - begin + 1));
    RequireUtf8(names.back(), fmt::format("{}: line {}", source, names.size()));
  }
  EYECHART_REQUIRE(!names.empty(), "{}: holds no class names", source);
  return names;
}

std::vector<std::string> ParseYamlNames(const std::string& text,
                                        const std::string& source) {
  try {
    return NamesOf(YAML::Load(text), source);
  } catch (const YAML::Exception& error) {
    ThrowInput("{}: not valid YAML: {}", source, error.what());
  }
}

YoloYaml ParseYoloYaml(const std::string& text, const std::string& source) {
  try {
    return YoloYamlOf(YAML::Load(text), source);
  } catch (const YAML::Exception& error) {
    ThrowInput("{}: not valid YAML: {}", source, error.what());
  }
}

YoloYaml ReadYoloYaml(const std::filesystem::path& path) {
  if (IsNameLines(path)) return {};
  return ParseYoloYaml(ReadFile(path, kMaxNameBytes), path.string());
}

std::vector<std::string> ReadNames(const std::filesystem::path& path) {
  const std::string text = ReadFile(path, kMaxNameBytes);
  return IsNameLines(path) ? ParseNameLines(text, path.string())
                           : ParseYamlNames(text, path.string());
}

}  // namespace eyechart::data::internal
