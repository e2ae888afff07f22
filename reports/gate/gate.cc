#include "reports/gate/gate.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <memory>
#include <set>

#include "core/error.h"
#include "core/text.h"
#include "reports/gate/environments.h"
#include "reports/gate/item_pairs.h"

namespace eyechart::reports {
namespace {

using MetricKey = std::pair<std::string, std::string>;  // cell, metric

Direction DirectionOf(const Record& record) {
  for (const Metric& metric : Metrics())
    if (metric.name == record.metric) return metric.direction;
  // A newer eyechart may have written it.
  if (record.direction == "higher") return Direction::kHigher;
  return record.direction == "lower" ? Direction::kLower : Direction::kNone;
}

class GateJudge {
 public:
  GateJudge(const RunFolder& baseline,
            const RunFolder& candidate,
            const Policy& policy,
            const Noise& noise,
            const GateOptions& options)
      : baseline_(baseline),
        candidate_(candidate),
        policy_(policy),
        noise_(noise),
        options_(options),
        baseline_environments_(EnvironmentsOf(baseline)),
        candidate_environments_(EnvironmentsOf(candidate)) {
    for (const Record& record : candidate.records)
      candidates_[{record.cell, record.metric}] = &record;
  }

  GateResult Run() {
    result_.policy = policy_.source;
    RequireSensible();
    for (const Record& record : baseline_.records) Add(record);
    RequireMarginsAboveNoise();
    DecideAll();
    CountNewCells();
    if (options_.whole_runs) WarnOfRulesWithoutCells();
    // A history is a file.
    const bool of_history = std::filesystem::is_regular_file(baseline_.path);
    if (noise_.cells.empty() && unpaired_speed_)
      result_.warnings.push_back(fmt::format(
          "{}: {}: how much times differ from run to run is not known, and "
          "such differences may be taken for changes; {}",
          baseline_.path.string(),
          of_history ? "too few runs" : "no noise.json",
          of_history ? "more runs tell it" : "`gate --aa-runs` measures it"));
    Summarize(result_, options_.strict);
    return std::move(result_);
  }

 private:
  // A cell that is judged once all are known.
  struct Pending {
    std::size_t cell;  // into result_.cells
    std::unique_ptr<CellEstimate> estimate;
    CellRule rule;
    Direction direction;
  };

  std::string CandidateCell(const std::string& cell) const {
    const auto alias = policy_.aliases.find(cell);
    return alias == policy_.aliases.end() ? cell : alias->second;
  }

  void RequireSensible() const {
    std::set<std::string> metrics;
    std::set<std::string> before;
    std::set<std::string> after;
    for (const RunFolder* run : {&baseline_, &candidate_})
      for (const Record& record : run->records) {
        if (!record.metric.empty()) metrics.insert(record.metric);
        (run == &baseline_ ? before : after).insert(record.cell);
      }
    RequireKnownMetrics(policy_, metrics);
    EYECHART_REQUIRE(!before.empty(), "{}: records.jsonl holds no record",
                     baseline_.path.string());
    const bool common = std::ranges::any_of(before, [&](const auto& cell) {
      return after.contains(CandidateCell(cell));
    });
    EYECHART_REQUIRE(
        common || after.empty(),
        "{} and {} have no cell in common, as \"{}\" and \"{}\": the baseline "
        "of another suite?",
        baseline_.path.string(), candidate_.path.string(), *before.begin(),
        after.empty() ? "" : *after.begin());
    for (const auto& [from, to] : policy_.aliases)
      EYECHART_REQUIRE(before.contains(from),
                       "{}: [aliases]: the baseline has no cell \"{}\"{}",
                       policy_.source, from,
                       DidYouMean(from, {before.begin(), before.end()}));
  }

  void Add(const Record& before) {
    GateCell cell;
    cell.cell = before.cell;
    cell.metric = before.metric;
    cell.unit = before.unit;
    cell.baseline = before.value;
    cell.direction = DirectionOf(before);
    cell.n = before.n;
    const CellRule rule = policy_.For(before.cell, before);
    cell.required = rule.required;
    const std::string name = CandidateCell(before.cell);
    const auto found = candidates_.find({name, before.metric});
    const Record* after = found == candidates_.end() ? nullptr : found->second;
    const auto failed = candidates_.find({name, ""});
    if (failed != candidates_.end() &&
        failed->second->status == RecordStatus::kError)
      after = failed->second;
    if (!before.value) {
      // Nothing to hold the candidate to: accepted with the baseline.
      if (after != nullptr && after->value) return;
      result_.warnings.push_back(fmt::format(
          "{}{}{}: the baseline has no result ({}): not judged", before.cell,
          before.metric.empty() ? "" : " ", before.metric, before.message));
      return;
    }
    if (after == nullptr || after->status == RecordStatus::kSkipped) {
      cell.verdict = Verdict::kMissing;
      cell.reason = after == nullptr ? "the candidate has no such record"
                                     : "skipped: " + after->message;
    } else if (after->status == RecordStatus::kError || !after->value) {
      cell.verdict = Verdict::kError;
      cell.reason = after->message.empty() ? "no value" : after->message;
    } else {
      cell.candidate = after->value;
      Compare(before, *after, rule, cell);
    }
    if (cell.verdict == Verdict::kMissing || cell.verdict == Verdict::kError)
      if (missing_.insert(cell.cell).second)
        result_.missing.push_back(cell.cell);
    result_.cells.push_back(std::move(cell));
  }

  void Compare(const Record& before,
               const Record& after,
               const CellRule& rule,
               GateCell& cell) {
    cell.difference = *after.value - *before.value;
    if (before.unit != after.unit) {
      cell.verdict = Verdict::kIncomparable;
      cell.reason =
          fmt::format("the unit was {}, is {}", before.unit, after.unit);
      return;
    }
    const bool speed = IsSpeedMetric(before.unit);
    if (speed || policy_.scores_need_same_environment) {
      const auto differences = EnvironmentDifferences(
          baseline_environments_, before.environment, candidate_environments_,
          after.environment, policy_);
      if (!differences.empty()) {
        cell.verdict = Verdict::kIncomparable;
        std::vector<std::string> keys;
        for (const auto& [key, values] : differences) keys.push_back(key);
        cell.reason =
            fmt::format("other environment: {}", fmt::join(keys, ", "));
        result_.environment.insert(differences.begin(), differences.end());
        return;
      }
    }
    Pending pending{result_.cells.size(), nullptr, rule, cell.direction};
    pending.estimate = std::make_unique<CellEstimate>(
        EstimateCell({baseline_.path, &before}, {candidate_.path, &after},
                     options_.resample));
    const bool interleaved = speed && pending.estimate->paired;
    if (!interleaved && cell.direction != Direction::kNone) {
      unpaired_speed_ |= speed;
      *pending.estimate =
          WithRunNoise(*std::move(pending.estimate),
                       noise_.DifferenceDeviation(before.cell, before.metric,
                                                  *before.value));
    }
    cell.test = pending.estimate->test;
    cell.n = pending.estimate->n;
    cell.p = pending.estimate->p;
    cell.difference = pending.estimate->difference;
    MarginOf(before, pending.rule, cell);
    pending_.push_back(std::move(pending));
  }

  void MarginOf(const Record& before, const CellRule& rule, GateCell& cell) {
    double margin = rule.margin.Of(*before.value);
    // Where lower is better, keeping a share s of the quality is reaching at
    // most baseline / s.
    if (rule.margin.kind == Margin::Kind::kShare &&
        cell.direction == Direction::kLower)
      margin /= rule.margin.value;
    const double floor = noise_.FloorOf(before.cell, before.metric);
    if (margin < floor && cell.direction != Direction::kNone) {
      if (!rule.margin.where.empty()) {
        too_fine_.push_back(fmt::format(
            "{}: {} gives {} for {} {}, its runs differ by {}",
            rule.margin.where, rule.margin.Text(), FormatDouble(margin),
            before.cell, before.metric, FormatDouble(floor)));
      }
      margin = floor;
    }
    cell.margin = margin;
  }

  void RequireMarginsAboveNoise() const {
    if (too_fine_.empty()) return;
    constexpr std::size_t kShown = 5;
    const std::vector<std::string> shown(
        too_fine_.begin(),
        too_fine_.begin() +
            static_cast<std::ptrdiff_t>(std::min(kShown, too_fine_.size())));
    ThrowInput(
        "{} margins are finer than the noise floor of the baseline "
        "(noise.json); the first: {}",
        too_fine_.size(), fmt::join(shown, "; "));
  }

  void DecideAll() {
    std::vector<Question> questions;
    for (const Pending& pending : pending_) {
      const GateCell& cell = result_.cells[pending.cell];
      questions.push_back({pending.estimate.get(), pending.direction,
                           cell.margin.value_or(0), pending.rule.alpha,
                           pending.rule.min_n});
    }
    const std::vector<Decision> decisions = Decide(questions);
    for (std::size_t i = 0; i < decisions.size(); ++i) {
      GateCell& cell = result_.cells[pending_[i].cell];
      const Decision& decision = decisions[i];
      if (decision.p_adjusted) ++result_.tested;
      cell.verdict = decision.verdict;
      cell.p_adjusted = decision.p_adjusted;
      cell.ci = decision.interval;
      cell.least_loss = decision.least_loss;
      cell.reason = decision.reason;
      const std::string& note = pending_[i].estimate->note;
      if (note.empty() || note == cell.reason) continue;
      cell.reason += (cell.reason.empty() ? "" : "; ") + note;
    }
  }

  void CountNewCells() {
    std::set<MetricKey> known;
    for (const Record& record : baseline_.records)
      known.insert({CandidateCell(record.cell), record.metric});
    for (const auto& [key, record] : candidates_)
      if (!key.second.empty() && !known.contains(key)) ++result_.new_cells;
    if (result_.new_cells > 0)
      result_.warnings.push_back(fmt::format(
          "{} results are not in the baseline: not judged", result_.new_cells));
  }

  void WarnOfRulesWithoutCells() {
    std::set<std::string> cells;
    for (const RunFolder* run : {&baseline_, &candidate_})
      for (const Record& record : run->records) cells.insert(record.cell);
    for (std::string& warning : RulesWithoutCells(policy_, cells))
      result_.warnings.push_back(std::move(warning));
  }

  const RunFolder& baseline_;
  const RunFolder& candidate_;
  const Policy& policy_;
  const Noise& noise_;
  const GateOptions& options_;
  std::map<std::string, Json> baseline_environments_;
  std::map<std::string, Json> candidate_environments_;
  std::map<MetricKey, const Record*> candidates_;
  std::vector<Pending> pending_;
  std::set<std::string> missing_;
  std::vector<std::string> too_fine_;
  bool unpaired_speed_ = false;
  GateResult result_;
};

}  // namespace

GateResult JudgeRuns(const RunFolder& baseline,
                     const RunFolder& candidate,
                     const Policy& policy,
                     const Noise& noise,
                     const GateOptions& options) {
  return GateJudge(baseline, candidate, policy, noise, options).Run();
}

void Summarize(GateResult& result, bool strict) {
  std::vector<Verdict> verdicts;
  for (const GateCell& cell : result.cells)
    if (cell.required) verdicts.push_back(cell.verdict);
  result.verdict = WorstOf(verdicts);
  result.exit_code = ExitCodeOf(result.verdict, strict);
}

}  // namespace eyechart::reports
