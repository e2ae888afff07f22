#include "core/json.h"

#include "core/files.h"

namespace eyechart {

Json ParseJson(std::string_view text, const std::string& source) {
  constexpr int kMaxDepth = 256;  // the parser recurses: a stack is finite
  bool too_deep = false;
  const Json::parser_callback_t guard =
      [&too_deep](int depth, Json::parse_event_t, Json&) {
        if (depth > kMaxDepth) too_deep = true;
        return !too_deep;
      };
  Json value;
  try {
    value = Json::parse(text.begin(), text.end(), guard);
  } catch (const Json::exception& error) {
    ThrowInput("{}: not valid JSON: {}", source, error.what());
  }
  EYECHART_REQUIRE(!too_deep, "{}: JSON nested deeper than {} levels", source,
                   kMaxDepth);
  return value;
}

Json ReadJsonFile(const std::filesystem::path& path) {
  return ParseJson(ReadFile(path), path.string());
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
