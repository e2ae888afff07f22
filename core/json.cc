#include "core/json.h"

#include <unordered_set>
#include <vector>

#include "core/files.h"

namespace eyechart {

namespace {

constexpr int kMaxDepth = 256;  // users of a value recurse

// At most `most` bytes of UTF-8, not cut inside a character; for errors, which
// would quote a whole file.
std::string Shortened(std::string_view text, std::size_t most) {
  if (text.size() <= most) return std::string(text);
  const auto continues = [text](std::size_t i) {
    return (static_cast<unsigned char>(text[i]) & 0xC0) == 0x80;
  };
  std::size_t end = most;
  while (end > 0 && continues(end)) --end;
  return std::string(text.substr(0, end)) + "...";
}

// Whether lists and objects are nested deeper than kMaxDepth, texts left out.
bool IsTooDeep(std::string_view json) {
  int depth = 0;
  bool in_text = false;
  for (std::size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (in_text && c == '\\') {
      ++i;
    } else if (c == '"') {
      in_text = !in_text;
    } else if (!in_text && (c == '[' || c == '{')) {
      if (++depth > kMaxDepth) return true;
    } else if (!in_text && (c == ']' || c == '}')) {
      --depth;
    }
  }
  return false;
}

// Sees each step of a parse: which keys an object had.
class Watcher {
 public:
  // False: the rest need not be kept.
  bool See(Json::parse_event_t event, const Json& value) {
    if (problem_.empty()) SeeKey(event, value);
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
                               Shortened(CanonicalJson(value), 200));
    }
  }

  std::vector<std::unordered_set<std::string>> open_;  // keys, by object
  std::string problem_;
};

}  // namespace

Json ParseJson(std::string_view text,
               const std::string& source,
               DuplicateKeys duplicates) {
  EYECHART_REQUIRE(!IsTooDeep(text), "{}: JSON nested deeper than {} levels",
                   source, kMaxDepth);
  Watcher watcher;
  Json value;
  try {
    // Watched, nlohmann's parser goes through all of a list at the end of each
    // object in it: a list of a million annotations would have no end.
    if (duplicates == DuplicateKeys::kRefuse)
      value =
          Json::parse(text.begin(), text.end(),
                      [&watcher](int, Json::parse_event_t event, Json& seen) {
                        return watcher.See(event, seen);
                      });
    else
      value = Json::parse(text.begin(), text.end());
  } catch (const Json::exception& error) {
    ThrowInput("{}: not valid JSON: {}", source, Shortened(error.what(), 200));
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
  ThrowInput("{}: key \"{}\" is {}; it should be {}", source, key,
             Shortened(CanonicalJson(value), 80), expected);
}

}  // namespace internal
}  // namespace eyechart
