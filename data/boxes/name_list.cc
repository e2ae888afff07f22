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

}  // namespace

std::vector<std::string> ParseNameLines(std::string_view text,
                                        const std::string& source) {
  constexpr std::string_view kBlanks = " \t\r";
  text = WithoutUtf8Mark(text);
  std::vector<std::string> names;
  std::size_t empty = 0;
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
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

std::vector<std::string> ReadNames(const std::filesystem::path& path) {
  constexpr std::uintmax_t kMaxBytes = 1 << 24;  // a text that people wrote
  const std::string text = ReadFile(path, kMaxBytes);
  return path.extension() == ".txt" || path.extension() == ".names"
             ? ParseNameLines(text, path.string())
             : ParseYamlNames(text, path.string());
}

}  // namespace eyechart::data::internal
