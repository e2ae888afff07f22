#include "reports/history/history_baseline.h"

#include <algorithm>
#include <map>
#include <set>
#include <span>
#include <utility>

#include "core/error.h"
#include "core/parallel.h"
#include "reports/gate/environments.h"
#include "reports/history/change_points.h"
#include "reports/history/history_series.h"

namespace eyechart::reports {
namespace {

namespace fs = std::filesystem;

// Machines by the fingerprints that records carry.
using Machines = std::map<std::string, std::string>;

// The machine that the most records were measured on.
std::string MachineOfRecords(const std::vector<Record>& records,
                             const Machines& machines) {
  std::map<std::string, std::size_t> counts;
  for (const Record& record : records) {
    const auto found = machines.find(record.environment);
    ++counts[found == machines.end() ? record.environment : found->second];
  }
  const auto most = std::ranges::max_element(
      counts, {}, [](const auto& count) { return count.second; });
  return most == counts.end() ? "" : most->first;
}

class BaselineMaker {
 public:
  BaselineMaker(const HistoryReference& reference,
                const RunFolder& candidate,
                const HistoryNoiseOptions& options)
      : store_(HistoryStore::Open(reference.file)),
        reference_(reference),
        candidate_(candidate),
        options_(options),
        environments_(store_.Environments()),
        runs_(store_.Runs()) {
    for (const auto& [id, environment] : environments_)
      machines_[environment.fingerprint] = MachineOf(environment);
    // The candidate's own word on its environments goes first.
    for (const auto& [fingerprint, document] : EnvironmentsOf(candidate))
      machines_[fingerprint] = MachineOf({fingerprint, document});
    machine_ = MachineOfRecords(candidate.records, machines_);
  }

  HistoryBaseline Make() {
    const HistoryRun run = Choose();
    HistoryBaseline made;
    made.run.path = store_.path();
    made.run.name = run.name;
    made.run.records = store_.Records(run);
    for (const auto& [id, environment] : environments_)
      if (environment.document.is_object() &&
          environment.fingerprint == MostCommonEnvironment(made.run.records))
        made.run.environment = environment.document;
    made.noise = NoiseUpTo(run, made.run.records);
    made.warnings = std::move(warnings_);
    return made;
  }

 private:
  HistoryRun Choose() {
    if (!reference_.run.empty()) return store_.FindRun(reference_.run);
    const std::string own = DigestOf(candidate_.records);
    // Newest first.
    std::vector<HistoryRun> others(runs_.rbegin(), runs_.rend());
    std::erase_if(others,
                  [&](const HistoryRun& run) { return run.digest == own; });
    EYECHART_REQUIRE(
        !others.empty(), "{}: no run to judge by: the history holds {}",
        store_.path().string(), runs_.empty() ? "none" : "only RUN itself");
    const std::map<std::int64_t, std::int64_t> results = ResultsOnMachine();
    for (std::size_t i = 0; i < others.size(); ++i) {
      const auto found = results.find(others[i].number);
      if (found == results.end()) continue;
      for (std::size_t j = i + 1; j < others.size(); ++j) {
        const auto before = results.find(others[j].number);
        if (before == results.end()) continue;
        if (before->second > found->second)
          warnings_.push_back(fmt::format(
              "{}: the baseline, run {} ({}), has {} results, the one before "
              "it, {} ({}), had {}: what is not in it is not judged",
              store_.path().string(), others[i].Id(), others[i].name,
              found->second, others[j].Id(), others[j].name, before->second));
        break;
      }
      return others[i];
    }
    warnings_.push_back(fmt::format(
        "{}: no run was measured in the environment of {}; judged by the "
        "newest of another, {} ({})",
        store_.path().string(), candidate_.path.string(), others[0].Id(),
        others[0].name));
    return others[0];
  }

  // ok values on the candidate's machine, by run.
  std::map<std::int64_t, std::int64_t> ResultsOnMachine() const {
    std::map<std::int64_t, std::int64_t> results;
    std::set<std::int64_t> here;
    for (const auto& [id, environment] : environments_)
      if (machines_.at(environment.fingerprint) == machine_) here.insert(id);
    store_.ForEachValue([](const HistorySubject&) { return true; },
                        [&](const HistoryValue& value) {
                          if (here.contains(value.environment))
                            ++results[value.run];
                        });
    return results;
  }

  std::string MostCommonEnvironment(const std::vector<Record>& records) const {
    return MachineOfRecords(records, {});
  }

  Noise NoiseUpTo(const HistoryRun& run, const std::vector<Record>& records) {
    SeriesFilter filter;
    filter.machine = MachineOfRecords(records, machines_);
    const SeriesSet set = ReadSeries(store_, filter);
    std::set<std::pair<std::string, std::string>> wanted;
    for (const Record& record : records)
      wanted.insert({record.cell, record.metric});
    std::vector<const HistorySeries*> series;
    for (const HistorySeries& one : set.series)
      if (wanted.contains({one.cell, one.metric})) series.push_back(&one);
    std::size_t last = 0;
    while (last < set.runs.size() && set.runs[last].number != run.number)
      ++last;
    std::vector<std::vector<double>> values(series.size());
    ParallelFor(series.size(), options_.threads, [&](std::size_t i, int) {
      values[i] = StableValues(*series[i], last);
    });
    std::map<std::pair<std::string, std::string>, std::vector<double>> cells;
    for (std::size_t i = 0; i < series.size(); ++i)
      if (values[i].size() >= 2)
        cells[{series[i]->cell, series[i]->metric}] = std::move(values[i]);
    std::vector<std::string> names;
    for (std::size_t i = 0; i <= last && i < set.runs.size(); ++i)
      names.push_back(set.runs[i].Id());
    return NoiseOf(std::move(names), std::move(cells));
  }

  // The newest values up to the run `last`, since their last change, of the
  // inputs of the newest.
  std::vector<double> StableValues(const HistorySeries& series,
                                   std::size_t last) const {
    std::vector<double> values;
    const auto end =
        std::ranges::upper_bound(series.points, last, {}, &SeriesPoint::run);
    if (end == series.points.begin()) return values;
    const std::int64_t input = std::prev(end)->input;
    for (auto it = end;
         it != series.points.begin() && values.size() < options_.window;) {
      --it;
      if (it->input != input) break;
      values.push_back(it->value);
    }
    std::ranges::reverse(values);
    ChangePointOptions steps;
    // At a level of 0.01, of 199 draws at most one may be as extreme: the same
    // level as with 999, at a fifth of the time.
    steps.draws = 199;
    steps.most_extreme = 2;
    const ChangePoints found = FindChangePoints(values, steps);
    if (!found.points.empty())
      values.erase(values.begin(),
                   values.begin() +
                       static_cast<std::ptrdiff_t>(found.points.back().index));
    if (values.size() > options_.values)
      values.erase(values.begin(),
                   values.end() - static_cast<std::ptrdiff_t>(options_.values));
    return values;
  }

  HistoryStore store_;
  const HistoryReference& reference_;
  const RunFolder& candidate_;
  const HistoryNoiseOptions& options_;
  std::map<std::int64_t, HistoryEnvironment> environments_;
  std::vector<HistoryRun> runs_;
  Machines machines_;
  std::string machine_;  // the candidate's
  std::vector<std::string> warnings_;
};

}  // namespace

std::optional<HistoryReference> ParseHistoryReference(
    const std::string& baseline) {
  if (fs::is_directory(baseline)) return std::nullopt;
  if (fs::is_regular_file(baseline)) return HistoryReference{baseline, ""};
  const std::size_t at = baseline.rfind('@');
  if (at == std::string::npos || !fs::is_regular_file(baseline.substr(0, at)))
    return std::nullopt;
  EYECHART_REQUIRE(at + 1 < baseline.size(),
                   "--baseline {}: a run's id or name should follow the @",
                   baseline);
  return HistoryReference{baseline.substr(0, at), baseline.substr(at + 1)};
}

HistoryBaseline BaselineFromHistory(const HistoryReference& reference,
                                    const RunFolder& candidate,
                                    const HistoryNoiseOptions& options) {
  return BaselineMaker(reference, candidate, options).Make();
}

}  // namespace eyechart::reports
