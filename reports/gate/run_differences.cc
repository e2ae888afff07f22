#include "reports/gate/run_differences.h"

#include <map>
#include <memory>
#include <set>
#include <utility>

#include "core/error.h"
#include "reports/gate/decide.h"
#include "reports/gate/environments.h"
#include "reports/gate/item_pairs.h"
#include "reports/gate/noise.h"

namespace eyechart::reports {
namespace {

using CellKey = std::pair<std::string, std::string>;  // cell, metric

class RunComparer {
 public:
  RunComparer(const RunFolder& first,
              const RunFolder& second,
              const ResampleOptions& options)
      : first_(first),
        second_(second),
        options_(options),
        noise_(ReadNoise(first.path)),
        first_environments_(EnvironmentsOf(first)),
        second_environments_(EnvironmentsOf(second)) {
    for (const Record& record : second.records)
      seconds_[{record.cell, record.metric}] = &record;
  }

  RunDifferences Compare() {
    std::set<CellKey> known;
    for (const Record& record : first_.records) {
      known.insert({record.cell, record.metric});
      const auto found = seconds_.find({record.cell, record.metric});
      if (found == seconds_.end())
        result_.only_first.push_back(NameOf(record));
      else if (!record.metric.empty())
        Add(record, *found->second);
    }
    for (const Record& record : second_.records)
      if (!known.contains({record.cell, record.metric}))
        result_.only_second.push_back(NameOf(record));
    EYECHART_REQUIRE(!result_.rows.empty(),
                     "{} and {} have no cell and metric in common",
                     first_.path.string(), second_.path.string());
    Decide();
    for (const std::string& key : environment_keys_)
      result_.warnings.push_back(fmt::format(
          "times and throughputs were measured in environments of another {}",
          key));
    return std::move(result_);
  }

 private:
  static std::string NameOf(const Record& record) {
    return record.cell + (record.metric.empty() ? "" : " " + record.metric);
  }

  void Add(const Record& first, const Record& second) {
    RunDifference row;
    row.cell = first.cell;
    row.metric = first.metric;
    row.unit = first.unit;
    row.direction = first.direction;
    row.first = first.value;
    row.second = second.value;
    std::unique_ptr<CellEstimate> estimate;
    if (!first.value || !second.value) {
      row.note = fmt::format("no value in the {}: {}",
                             first.value ? "second" : "first",
                             first.value ? second.message : first.message);
    } else if (first.unit != second.unit) {
      row.note = fmt::format("the unit is {} in one and {} in the other",
                             first.unit, second.unit);
    } else {
      estimate = std::make_unique<CellEstimate>(EstimateCell(
          {first_.path, &first}, {second_.path, &second}, options_));
      // As the gate: only turns taken by both are free of it.
      if (!estimate->paired || !IsSpeedMetric(first.unit))
        *estimate = WithRunNoise(
            *std::move(estimate),
            noise_.DifferenceDeviation(first.cell, first.metric, *first.value));
      row.difference = estimate->difference;
      row.p = estimate->p;
      row.test = estimate->test;
      row.n = estimate->n;
      row.note = estimate->note;
      NoteEnvironment(first, second, row);
    }
    result_.rows.push_back(std::move(row));
    estimates_.push_back(std::move(estimate));
  }

  // Not refused, as the gate does: who compares two machines wants to see it.
  void NoteEnvironment(const Record& first,
                       const Record& second,
                       RunDifference& row) {
    if (!IsSpeedMetric(first.unit)) return;
    const auto differences = EnvironmentDifferences(
        first_environments_, first.environment, second_environments_,
        second.environment, Policy{});
    if (differences.empty()) return;
    std::vector<std::string> keys;
    for (const auto& [key, values] : differences) {
      keys.push_back(key);
      environment_keys_.insert(key);
    }
    row.note +=
        fmt::format("{}other environment: {}", row.note.empty() ? "" : "; ",
                    fmt::join(keys, ", "));
  }

  // What decide.h says of no difference at all, a margin of 0. A metric without
  // a better direction is asked as if higher were: the numbers are the same.
  void Decide() {
    std::vector<Question> questions;
    std::vector<std::size_t> rows;
    for (std::size_t i = 0; i < estimates_.size(); ++i) {
      if (!estimates_[i]) continue;
      const Direction direction = result_.rows[i].direction == "lower"
                                      ? Direction::kLower
                                      : Direction::kHigher;
      questions.push_back(
          {estimates_[i].get(), direction, 0, result_.alpha, 0});
      rows.push_back(i);
    }
    const std::vector<Decision> decisions = reports::Decide(questions);
    for (std::size_t i = 0; i < decisions.size(); ++i) {
      RunDifference& row = result_.rows[rows[i]];
      row.ci = decisions[i].interval;
      row.p_adjusted = decisions[i].p_adjusted;
      if (row.p_adjusted) ++result_.tested;
      // Counts have no noise: any change is one.
      if (row.p) row.least_change = decisions[i].least_loss;
      if (row.note.empty() && estimates_[rows[i]]->identical)
        row.note = decisions[i].reason;
    }
  }

  const RunFolder& first_;
  const RunFolder& second_;
  const ResampleOptions& options_;
  Noise noise_;
  std::map<std::string, Json> first_environments_;
  std::map<std::string, Json> second_environments_;
  std::map<CellKey, const Record*> seconds_;
  std::set<std::string> environment_keys_;
  std::vector<std::unique_ptr<CellEstimate>> estimates_;  // as the rows
  RunDifferences result_;
};

}  // namespace

RunDifferences CompareRuns(const RunFolder& first,
                           const RunFolder& second,
                           const ResampleOptions& options) {
  return RunComparer(first, second, options).Compare();
}

}  // namespace eyechart::reports
