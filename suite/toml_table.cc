#include "suite/toml_table.h"

#include <algorithm>
#include <sstream>
#include <utility>

#include "core/error.h"
#include "core/text.h"

namespace eyechart::suite {
namespace {

std::string TypeName(const toml::node& node) {
  std::ostringstream out;
  out << node.type();
  return out.str();
}

}  // namespace

TomlTable::TomlTable(const toml::table& table,
                     std::string file,
                     std::string what)
    : table_(table), file_(std::move(file)), what_(std::move(what)) {}

const toml::node* TomlTable::Ask(std::string_view key) {
  asked_.emplace_back(key);
  return table_.get(key);
}

int TomlTable::line() const {
  return static_cast<int>(table_.source().begin.line);
}

std::string TomlTable::Where() const {
  return fmt::format("{}:{}: {}", file_, line(), what_);
}

std::string TomlTable::Where(std::string_view key) const {
  const toml::node* node = table_.get(key);
  if (node == nullptr) return Where();
  return fmt::format("{}:{}: {}: {}", file_, node->source().begin.line, what_,
                     key);
}

std::vector<std::string> TomlTable::Scalars(
    std::string_view key,
    const char* expected,
    const std::function<std::string(const toml::node&)>& convert) {
  const toml::node* node = Ask(key);
  if (node == nullptr) return {};
  std::vector<const toml::node*> nodes = {node};
  if (const toml::array* list = node->as_array()) {
    nodes.clear();
    for (const toml::node& element : *list) nodes.push_back(&element);
    EYECHART_REQUIRE(!nodes.empty(), "{}: an empty list; it should hold {}",
                     Where(key), expected);
  }
  std::vector<std::string> values;
  for (const toml::node* element : nodes) {
    std::string value = convert(*element);
    EYECHART_REQUIRE(!value.empty(), "{}: is {}; it should be {}", Where(key),
                     TypeName(*element), expected);
    EYECHART_REQUIRE(
        std::find(values.begin(), values.end(), value) == values.end(),
        "{}: {} stands twice in the list", Where(key), value);
    values.push_back(std::move(value));
  }
  return values;
}

std::vector<std::string> TomlTable::Texts(std::string_view key) {
  return Scalars(key, "a text that is not empty", [](const toml::node& node) {
    return node.value_exact<std::string>().value_or("");
  });
}

std::vector<std::string> TomlTable::Sizes(std::string_view key) {
  return Scalars(key, "pixels, as 336 or \"280x420\"",
                 [](const toml::node& node) -> std::string {
                   if (const auto side = node.value_exact<std::int64_t>())
                     return std::to_string(*side);
                   return node.value_exact<std::string>().value_or("");
                 });
}

std::vector<std::string> TomlTable::Numbers(std::string_view key) {
  return Scalars(key, "a number", [](const toml::node& node) -> std::string {
    if (const auto integer = node.value_exact<std::int64_t>())
      return std::to_string(*integer);
    if (const auto real = node.value_exact<double>())
      return FormatDouble(*real);
    return "";
  });
}

std::vector<std::string> TomlTable::Booleans(std::string_view key) {
  return Scalars(key, "true or false",
                 [](const toml::node& node) -> std::string {
                   const auto value = node.value_exact<bool>();
                   if (!value) return "";
                   return *value ? "true" : "false";
                 });
}

std::string TomlTable::Text(std::string_view key) {
  const std::vector<std::string> values = Texts(key);
  EYECHART_REQUIRE(values.size() <= 1, "{}: a list; it should be one text",
                   Where(key));
  return values.empty() ? "" : values.front();
}

std::string TomlTable::RequiredText(std::string_view key) {
  std::string value = Text(key);
  EYECHART_REQUIRE(!value.empty(), "{}: key \"{}\" is missing", Where(), key);
  return value;
}

std::int64_t TomlTable::Integer(std::string_view key,
                                std::int64_t fallback,
                                std::int64_t minimum) {
  const toml::node* node = Ask(key);
  if (node == nullptr) return fallback;
  const auto value = node->value_exact<std::int64_t>();
  EYECHART_REQUIRE(value && *value >= minimum,
                   "{}: should be an integer of at least {}", Where(key),
                   minimum);
  return *value;
}

void TomlTable::RejectUnknownKeys() const { RejectOthers(asked_); }

void TomlTable::RejectUnknownKeys(
    std::span<const std::string_view> known) const {
  RejectOthers(std::vector<std::string>(known.begin(), known.end()));
}

void TomlTable::RejectOthers(const std::vector<std::string>& known) const {
  for (const auto& [key, node] : table_) {
    const std::string_view name = key.str();
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    ThrowInput("{}:{}: {}: unknown key \"{}\"{}; known keys are {}", file_,
               node.source().begin.line, what_, name, DidYouMean(name, known),
               fmt::join(known, ", "));
  }
}

}  // namespace eyechart::suite
