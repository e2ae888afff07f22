// gate.toml: how much worse a number may become, and who may be missing.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/record.h"

namespace eyechart::reports {

/// How much worse a value may be.
struct Margin {
  enum class Kind {
    kAbsolute,  // `margin`: in the metric's unit
    kRelative,  // `relative`: of the baseline's value
    kShare,     // `share`: of the baseline's value that has to be kept; where
                // lower is better, the baseline over it may be reached
  };
  Kind kind = Kind::kShare;
  double value = 0.99;
  std::string where;  // "file:line" where the policy says it; "" by default

  /// In the metric's unit, at least 0.
  double Of(double baseline) const;
  std::string Text() const;
};

/// What is asked of one (cell, metric).
struct CellRule {
  Margin margin;
  double alpha = 0.05;     // false discovery rate, and 1 - level of intervals
  std::int64_t min_n = 0;  // fewer items than this: inconclusive
  bool required = true;    // false: its verdict leaves the exit code alone
};

/// Keys that a [defaults] table or a [[rule]] sets; later ones win.
struct RuleKeys {
  std::optional<Margin> margin;
  std::optional<double> alpha;
  std::optional<std::int64_t> min_n;
  std::optional<bool> required;
};

struct PolicyRule {
  std::string cell = "*";  // globs
  std::string metric = "*";
  RuleKeys keys;
  std::string where;
};

/// Without a file: scores keep 99 % of the baseline (MLPerf's first preset),
/// times, throughputs and memory may be 5 % worse (the least that runners tell
/// apart), alpha 0.05, everything required.
struct Policy {
  std::string source = "the default policy";
  RuleKeys defaults;
  RuleKeys speed_defaults;  // of metrics that IsSpeedMetric holds for
  std::vector<PolicyRule> rules;
  std::map<std::string, std::string> aliases;  // baseline's cell -> candidate's
  /// Keys of environment.json that have to agree; empty: all but may_differ.
  std::vector<std::string> must_agree;
  /// Keys that say what is under test, or that change without meaning.
  std::vector<std::string> may_differ = {"schema", "command", "eyechart",
                                         "commit", "build",   "memory"};
  bool scores_need_same_environment = false;

  CellRule For(const std::string& cell, const Record& record) const;
};

/// Times, throughputs and memory: what depends on the machine.
bool IsSpeedMetric(std::string_view unit);

/// Throws InputError naming file, line, key and the nearest known key.
Policy ReadPolicy(const std::filesystem::path& path);
Policy ParsePolicy(std::string_view text, const std::string& source);

/// Throws InputError where a rule's metric is in neither the metric table nor
/// `metrics` (those of the runs), with the nearest one.
void RequireKnownMetrics(const Policy& policy,
                         const std::set<std::string>& metrics);

/// A warning for each rule whose `cell` fits none of `cells` (those of the
/// runs), naming file, line and glob: a slip there drops a margin unnoticed.
std::vector<std::string> RulesWithoutCells(const Policy& policy,
                                           const std::set<std::string>& cells);

}  // namespace eyechart::reports
