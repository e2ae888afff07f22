#include "benchmarks/load/system_files.h"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <utility>

#include "core/text.h"

namespace eyechart::benchmarks {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";

std::string Trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return "";
  return std::string(
      text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1));
}

std::vector<std::string_view> Split(std::string_view text, char by) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t end = text.find(by);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

// What stands behind `key` and a colon.
std::optional<std::string> ValueOfLine(std::string_view line,
                                       std::string_view key) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || Trimmed(line.substr(0, colon)) != key)
    return std::nullopt;
  return Trimmed(line.substr(colon + 1));
}

}  // namespace

std::optional<std::string> SystemFiles::Text(const std::string& path) const {
  // Sizes of such files are unknown to stat(): they are read to their end.
  std::ifstream in(root_ / path, std::ios::binary);
  if (!in) return std::nullopt;
  // Most are of a few kB, and are read while something is timed.
  constexpr std::size_t kMost = std::size_t{1} << 20;
  std::string text;
  for (std::size_t chunk = 4096; in && text.size() < kMost; chunk *= 2) {
    const std::size_t before = text.size();
    text.resize(std::min(kMost, before + chunk));
    in.read(text.data() + before,
            static_cast<std::streamsize>(text.size() - before));
    text.resize(before + static_cast<std::size_t>(in.gcount()));
  }
  if (in.bad()) return std::nullopt;
  const std::size_t last = text.find_last_not_of(kBlanks);
  text.resize(last == std::string::npos ? 0 : last + 1);
  return text;
}

std::optional<std::int64_t> SystemFiles::Number(const std::string& path) const {
  const std::optional<std::string> text = Text(path);
  return text.has_value() ? ParseInt(*text) : std::nullopt;
}

std::vector<std::string> SystemFiles::Values(const std::string& path,
                                             std::string_view key) const {
  std::vector<std::string> values;
  std::istringstream in(Text(path).value_or(""));
  for (std::string line; std::getline(in, line);)
    if (std::optional<std::string> value = ValueOfLine(line, key))
      values.push_back(*std::move(value));
  return values;
}

std::optional<std::string> SystemFiles::Value(const std::string& path,
                                              std::string_view key) const {
  std::ifstream in(root_ / path, std::ios::binary);
  for (std::string line; std::getline(in, line);)
    if (std::optional<std::string> value = ValueOfLine(line, key)) return value;
  return std::nullopt;
}

std::vector<std::string> SystemFiles::Numbered(
    const std::string& folder, const std::string& prefix) const {
  std::vector<std::pair<std::int64_t, std::string>> found;
  std::error_code error;
  for (std::filesystem::directory_iterator it(root_ / folder, error), end;
       !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename().string();
    if (!name.starts_with(prefix)) continue;
    const auto number = ParseInt(std::string_view(name).substr(prefix.size()));
    if (number.has_value() && *number >= 0) found.emplace_back(*number, name);
  }
  std::sort(found.begin(), found.end());
  std::vector<std::string> names;
  for (auto& [number, name] : found) names.push_back(std::move(name));
  return names;
}

std::vector<std::string> SystemFiles::CgroupFiles(
    std::string_view controller,
    const std::string& v2_name,
    const std::string& v1_name) const {
  std::vector<std::string> files;
  // Lines are "id:controllers:path"; version 2 has no controllers.
  std::istringstream in(Text("proc/self/cgroup").value_or(""));
  for (std::string line; std::getline(in, line);) {
    const std::vector<std::string_view> parts = Split(line, ':');
    if (parts.size() != 3) continue;
    std::vector<std::string> folders;
    std::string name;
    if (parts[1].empty()) {
      folders = {"sys/fs/cgroup", "sys/fs/cgroup/unified"};
      name = v2_name;
    } else {
      const auto names = Split(parts[1], ',');
      if (std::find(names.begin(), names.end(), controller) == names.end())
        continue;
      folders = {"sys/fs/cgroup/" + std::string(parts[1]),
                 "sys/fs/cgroup/" + std::string(controller)};
      name = v1_name;
    }
    // Inside a container the path may be that of another name space.
    std::string path(parts[2]);
    if (path == "/" || path.find("..") != std::string::npos) path.clear();
    for (;; path.resize(path.rfind('/'))) {
      for (const std::string& folder : folders)
        files.push_back(folder + path + "/" + name);
      if (path.rfind('/') == std::string::npos) break;
    }
  }
  return files;
}

std::vector<std::string> Fields(std::string_view text) {
  std::istringstream in{std::string(text)};
  std::vector<std::string> fields;
  for (std::string field; in >> field;) fields.push_back(std::move(field));
  return fields;
}

std::int64_t CountOfList(std::string_view list) {
  std::int64_t count = 0;
  for (const std::string_view part : Split(list, ',')) {
    const std::vector<std::string_view> ends = Split(part, '-');
    const auto low = ParseInt(ends.front());
    const auto high = ParseInt(ends.back());
    if (ends.size() > 2 || !low.has_value() || !high.has_value() || *low < 0 ||
        *high < *low || *high > 1'000'000)
      return 0;
    count += *high - *low + 1;
  }
  return count;
}

}  // namespace eyechart::benchmarks
