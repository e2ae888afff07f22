#include "core/json.h"

#include <unordered_set>
#include <vector>

#include "core/files.h"

namespace eyechart {

namespace {

// Sees each step of a parse: how deep it is, and which keys an object had.
class Watcher {
 public:
  explicit Watcher(DuplicateKeys duplicates)
      : refuse_(duplicates == DuplicateKeys::kRefuse) {}

  // False: the rest need not be kept.
  bool See(int depth, Json::parse_event_t event, const Json& value) {
    constexpr int kMaxDepth = 256;  // users of the value recurse
    if (depth > kMaxDepth && problem_.empty())
      problem_ = fmt::format("JSON nested deeper than {} levels", kMaxDepth);
    if (refuse_ && problem_.empty()) SeeKey(event, value);
    return problem_.empty();
  }

  const std::string& problem() const { return problem_; }

 private:
  void SeeKey(Json::parse_event_t event, const Json& value) {
    if (event == Json::parse_event_t::object_start) {
      open_.emplace_back();
    } else if (event == Json::parse_event_t::object_end) {
      open_.pop_back();
    } else if (event == Json::parse_event_t::key) {
      const auto& key = value.get_ref<const std::string&>();
      if (!open_.back().insert(key).second)
        problem_ = fmt::format("the key {} stands twice in one object",
                               CanonicalJson(value));
    }
  }

  const bool refuse_;
  std::vector<std::unordered_set<std::string>> open_;  // keys, by object
  std::string problem_;
};

}  // namespace

Json ParseJson(std::string_view text,
               const std::string& source,
               DuplicateKeys duplicates) {
  Watcher watcher(duplicates);
  const Json::parser_callback_t see =
      [&watcher](int depth, Json::parse_event_t event, Json& value) {
        return watcher.See(depth, event, value);
      };
  Json value;
  try {
    value = Json::parse(text.begin(), text.end(), see);
  } catch (const Json::exception& error) {
    ThrowInput("{}: not valid JSON: {}", source, error.what());
  }
  EYECHART_REQUIRE(watcher.problem().empty(), "{}: {}", source,
                   watcher.problem());
  return value;
}

Json ReadJsonFile(const std::filesystem::path& path, DuplicateKeys duplicates) {
  return ParseJson(ReadFile(path), path.string(), duplicates);
}

std::string CanonicalJson(const Json& value) {
  return value.dump(-1, ' ', true, Json::error_handler_t::replace);
}

namespace internal {

void ThrowJsonType(const Json& value,
                   std::string_view key,
                   const std::string& source,
                   const char* expected) {
  std::string shown = CanonicalJson(value);
  if (shown.size() > 80) shown = shown.substr(0, 80) + "...";
  ThrowInput("{}: key \"{}\" is {}; it should be {}", source, key, shown,
             expected);
}

}  // namespace internal
}  // namespace eyechart
