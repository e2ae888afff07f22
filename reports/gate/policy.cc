#include "reports/gate/policy.h"

#include <toml++/toml.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/error.h"
#include "core/files.h"
#include "core/metrics.h"
#include "core/text.h"

namespace eyechart::reports {
namespace {

// One table whose keys are asked for by name; the rest is unknown.
class Reader {
 public:
  Reader(const toml::table& table, std::string file, std::string what)
      : table_(table), file_(std::move(file)), what_(std::move(what)) {}

  const toml::node* Find(std::string_view key) {
    asked_.emplace_back(key);
    return table_.get(key);
  }

  template <typename T>
  std::optional<T> Value(std::string_view key, const char* expected) {
    const toml::node* node = Find(key);
    if (node == nullptr) return std::nullopt;
    // Only value() takes an integer for a double; but it also takes a number
    // for a truth value.
    std::optional<T> value = node->value_exact<T>();
    if constexpr (std::is_same_v<T, double>)
      if (!node->is_boolean()) value = node->value<T>();
    EYECHART_REQUIRE(value, "{}: {}: should be {}", Where(*node), key,
                     expected);
    return value;
  }

  std::optional<double> Number(std::string_view key,
                               double least,
                               double most,
                               const char* expected) {
    const std::optional<double> value = Value<double>(key, expected);
    EYECHART_REQUIRE(!value || (*value >= least && *value <= most),
                     "{}: {} = {}: should be {}", Where(*table_.get(key)), key,
                     *value, expected);
    return value;
  }

  std::optional<std::vector<std::string>> Texts(std::string_view key) {
    const toml::node* node = Find(key);
    if (node == nullptr) return std::nullopt;
    const toml::array* list = node->as_array();
    std::vector<std::string> texts;
    bool fits = list != nullptr;
    for (std::size_t i = 0; fits && i < list->size(); ++i) {
      const auto text = list->get(i)->value_exact<std::string>();
      fits = text.has_value();
      if (fits) texts.push_back(*text);
    }
    EYECHART_REQUIRE(fits, "{}: {}: should be a list of texts", Where(*node),
                     key);
    return texts;
  }

  const toml::table* Table(std::string_view key) {
    const toml::node* node = Find(key);
    if (node == nullptr) return nullptr;
    EYECHART_REQUIRE(node->is_table(), "{}: {}: should be a table",
                     Where(*node), key);
    return node->as_table();
  }

  std::string Where(const toml::node& node) const {
    return fmt::format("{}:{}: {}", file_, node.source().begin.line, what_);
  }
  std::string Where() const { return Where(table_); }

  void RejectUnknownKeys() const {
    for (const auto& [key, node] : table_) {
      const std::string_view name = key.str();
      if (std::ranges::find(asked_, name) != asked_.end()) continue;
      ThrowInput("{}: unknown key \"{}\"{}; known keys are {}", Where(node),
                 name, DidYouMean(name, asked_), fmt::join(asked_, ", "));
    }
  }

 private:
  const toml::table& table_;
  std::string file_;
  std::string what_;
  std::vector<std::string> asked_;
};

std::optional<Margin> ReadMargin(Reader& reader) {
  std::optional<Margin> margin;
  const auto set = [&](Margin::Kind kind, double value) {
    EYECHART_REQUIRE(!margin,
                     "{}: margin, relative, share and preset say the same "
                     "thing: give one of them",
                     reader.Where());
    margin = Margin{kind, value, reader.Where()};
  };
  if (const auto value = reader.Number("margin", 0, 1e300,
                                       "a number of at least 0, in the "
                                       "metric's unit"))
    set(Margin::Kind::kAbsolute, *value);
  if (const auto value = reader.Number("relative", 0, 1e6,
                                       "a number of at least 0, as 0.05 for "
                                       "5 % of the baseline"))
    set(Margin::Kind::kRelative, *value);
  if (const auto value = reader.Number("share", 1e-6, 1,
                                       "above 0 and at most 1, as 0.99 for "
                                       "99 % of the baseline"))
    set(Margin::Kind::kShare, *value);
  if (const auto name = reader.Value<std::string>("preset", "a text")) {
    static const std::vector<std::string> kPresets = {"mlperf-99",
                                                      "mlperf-99.9"};
    EYECHART_REQUIRE(*name == kPresets[0] || *name == kPresets[1],
                     "{}: preset \"{}\" is not known{}; presets are {}",
                     reader.Where(), *name, DidYouMean(*name, kPresets),
                     fmt::join(kPresets, ", "));
    set(Margin::Kind::kShare, *name == kPresets[0] ? 0.99 : 0.999);
  }
  return margin;
}

RuleKeys ReadKeys(Reader& reader) {
  RuleKeys keys;
  keys.margin = ReadMargin(reader);
  keys.alpha = reader.Number("alpha", 1e-9, 0.5, "above 0 and at most 0.5");
  keys.min_n = reader.Value<std::int64_t>("min_n", "an integer");
  EYECHART_REQUIRE(keys.min_n.value_or(0) >= 0,
                   "{}: min_n = {}: should be at least 0", reader.Where(),
                   *keys.min_n);
  keys.required = reader.Value<bool>("required", "true or false");
  return keys;
}

void Apply(const RuleKeys& keys, CellRule& rule) {
  if (keys.margin) rule.margin = *keys.margin;
  if (keys.alpha) rule.alpha = *keys.alpha;
  if (keys.min_n) rule.min_n = *keys.min_n;
  if (keys.required) rule.required = *keys.required;
}

PolicyRule ReadRule(const toml::node& node, const std::string& source) {
  const toml::table* table = node.as_table();
  EYECHART_REQUIRE(table != nullptr, "{}:{}: [[rule]]: should be a table",
                   source, node.source().begin.line);
  Reader reader(*table, source, "[[rule]]");
  PolicyRule rule;
  rule.cell = reader.Value<std::string>("cell", "a text").value_or("*");
  rule.metric = reader.Value<std::string>("metric", "a text").value_or("*");
  rule.keys = ReadKeys(reader);
  rule.where = reader.Where();
  reader.RejectUnknownKeys();
  return rule;
}

void ReadEnvironment(const toml::table& table,
                     const std::string& source,
                     Policy& policy) {
  Reader reader(table, source, "[environment]");
  const auto must = reader.Texts("must_agree");
  const auto may = reader.Texts("may_differ");
  EYECHART_REQUIRE(!must || !may,
                   "{}: must_agree names all that counts, may_differ all that "
                   "does not: give one of them",
                   reader.Where());
  if (must) policy.must_agree = *must;
  if (may) policy.may_differ = *may;
  const std::string scores =
      reader.Value<std::string>("scores", "\"ignore\" or \"refuse\"")
          .value_or("ignore");
  EYECHART_REQUIRE(scores == "ignore" || scores == "refuse",
                   "{}: scores = \"{}\": should be \"ignore\" or \"refuse\"",
                   reader.Where(), scores);
  policy.scores_need_same_environment = scores == "refuse";
  reader.RejectUnknownKeys();
}

}  // namespace

double Margin::Of(double baseline) const {
  switch (kind) {
    case Kind::kAbsolute:
      return value;
    case Kind::kRelative:
      return value * std::abs(baseline);
    case Kind::kShare:
      break;
  }
  return (1 - value) * std::abs(baseline);
}

std::string Margin::Text() const {
  switch (kind) {
    case Kind::kAbsolute:
      return "margin " + FormatDouble(value);
    case Kind::kRelative:
      return "relative " + FormatDouble(value);
    case Kind::kShare:
      break;
  }
  return "share " + FormatDouble(value);
}

bool IsSpeedMetric(std::string_view unit) {
  for (const std::string_view known :
       {"ns", "us", "ms", "s", "bytes", "B", "KiB", "MiB", "GiB", "J", "W"})
    if (unit == known) return true;
  return unit.ends_with("/s");
}

CellRule Policy::For(const std::string& cell, const Record& record) const {
  CellRule rule;
  const bool speed = IsSpeedMetric(record.unit);
  if (speed) rule.margin = {Margin::Kind::kRelative, 0.05, ""};
  Apply(defaults, rule);
  if (speed) Apply(speed_defaults, rule);
  for (const PolicyRule& one : rules)
    if (GlobMatch(one.cell, cell) && GlobMatch(one.metric, record.metric))
      Apply(one.keys, rule);
  return rule;
}

Policy ParsePolicy(std::string_view text, const std::string& source) {
  Policy policy;
  policy.source = source;
  toml::table root;
  try {
    root = toml::parse(text, source);
  } catch (const toml::parse_error& error) {
    ThrowInput("{}:{}: {}", source, error.source().begin.line,
               error.description());
  }
  Reader top(root, source, "the policy");
  if (const toml::table* table = top.Table("defaults")) {
    Reader reader(*table, source, "[defaults]");
    policy.defaults = ReadKeys(reader);
    if (const toml::table* speed = reader.Table("speed")) {
      Reader inner(*speed, source, "[defaults.speed]");
      policy.speed_defaults = ReadKeys(inner);
      inner.RejectUnknownKeys();
    }
    // A margin for scores is no margin for milliseconds.
    if (!policy.speed_defaults.margin)
      policy.speed_defaults.margin = Margin{Margin::Kind::kRelative, 0.05, ""};
    reader.RejectUnknownKeys();
  }
  if (const toml::node* rules = top.Find("rule")) {
    const toml::array* list = rules->as_array();
    EYECHART_REQUIRE(list != nullptr, "{}: rule: should be written [[rule]]",
                     top.Where(*rules));
    for (const toml::node& rule : *list)
      policy.rules.push_back(ReadRule(rule, source));
  }
  if (const toml::table* aliases = top.Table("aliases")) {
    for (const auto& [key, node] : *aliases) {
      const auto name = node.value_exact<std::string>();
      EYECHART_REQUIRE(name,
                       "{}:{}: [aliases]: \"{}\" should be the candidate's "
                       "cell as a text",
                       source, node.source().begin.line, key.str());
      policy.aliases.emplace(std::string(key.str()), *name);
    }
  }
  if (const toml::table* environment = top.Table("environment"))
    ReadEnvironment(*environment, source, policy);
  top.RejectUnknownKeys();
  return policy;
}

Policy ReadPolicy(const std::filesystem::path& path) {
  return ParsePolicy(ReadFile(path), path.string());
}

void RequireKnownMetrics(const Policy& policy,
                         const std::set<std::string>& metrics) {
  std::set<std::string> known = metrics;
  for (const Metric& metric : Metrics()) known.emplace(metric.name);
  for (const PolicyRule& rule : policy.rules) {
    const bool matches = std::ranges::any_of(
        known, [&](const auto& name) { return GlobMatch(rule.metric, name); });
    EYECHART_REQUIRE(matches,
                     "{}: metric \"{}\" is not known{}; `eyechart list "
                     "metrics` names them",
                     rule.where, rule.metric,
                     DidYouMean(rule.metric, {known.begin(), known.end()}));
  }
}

std::vector<std::string> RulesWithoutCells(const Policy& policy,
                                           const std::set<std::string>& cells) {
  std::vector<std::string> warnings;
  if (cells.empty()) return warnings;
  for (const PolicyRule& rule : policy.rules) {
    const bool fits = std::ranges::any_of(cells, [&rule](const auto& cell) {
      return GlobMatch(rule.cell, cell);
    });
    if (fits) continue;
    warnings.push_back(
        fmt::format("{}: cell \"{}\" fits none of the runs' {} cells, as {}: "
                    "the rule has no effect",
                    rule.where, rule.cell, cells.size(), *cells.begin()));
  }
  return warnings;
}

}  // namespace eyechart::reports
