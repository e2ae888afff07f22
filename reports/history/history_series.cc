#include "reports/history/history_series.h"

#include <algorithm>
#include <set>
#include <tuple>

#include "core/error.h"
#include "core/hash.h"
#include "core/text.h"

namespace eyechart::reports {
namespace {

constexpr std::size_t kMachineDigits = 16;
constexpr std::size_t kShownDigits = 8;

using Key = std::tuple<std::string, std::string, std::string, std::string>;

// A glob that names nothing is a slip, not an empty series.
void RequireMatches(const std::vector<HistorySubject>& subjects,
                    const SeriesFilter& filter,
                    const std::string& source) {
  const auto require = [&](const std::string& glob, const char* what,
                           std::string Record::*member) {
    std::set<std::string> names;
    for (const HistorySubject& subject : subjects)
      names.insert(subject.record.*member);
    names.erase("");
    const bool any = std::ranges::any_of(
        names, [&](const auto& name) { return GlobMatch(glob, name); });
    EYECHART_REQUIRE(any || glob == "*", "{}: no {} \"{}\"{}", source, what,
                     glob, DidYouMean(glob, {names.begin(), names.end()}));
  };
  require(filter.cell, "cell", &Record::cell);
  require(filter.metric, "metric", &Record::metric);
}

}  // namespace

std::string MachineOf(const HistoryEnvironment& environment) {
  if (!environment.document.is_object()) return environment.fingerprint;
  Json machine = environment.document;
  for (const char* key : {"schema", "command", "eyechart", "commit", "build",
                          "memory", "hardware", "libraries"})
    machine.erase(key);
  // As in files of before GPUs were described.
  if (const auto gpus = machine.find("gpus");
      gpus != machine.end() && gpus->empty())
    machine.erase("gpus");
  return Sha256Hex(CanonicalJson(machine)).substr(0, kMachineDigits);
}

std::string MachineName(const HistoryEnvironment& environment) {
  const std::string digits = MachineOf(environment).substr(0, kShownDigits);
  std::string name;
  if (environment.document.is_object()) {
    const auto text = [&](const char* key) {
      const auto found = environment.document.find(key);
      return found != environment.document.end() && found->is_string()
                 ? found->get<std::string>()
                 : "";
    };
    name = text("device");
    if (name.empty() || name == "cpu") name = text("cpu");
  }
  return name.empty() ? digits : fmt::format("{} ({})", name, digits);
}

std::vector<double> HistorySeries::Values() const {
  std::vector<double> values;
  for (const SeriesPoint& point : points) values.push_back(point.value);
  return values;
}

SeriesSet ReadSeries(const HistoryStore& store, const SeriesFilter& filter) {
  SeriesSet set;
  set.runs = store.Runs();
  set.inputs = store.Inputs();
  std::map<std::int64_t, std::size_t> places;
  for (std::size_t i = 0; i < set.runs.size(); ++i)
    places[set.runs[i].number] = i;
  std::map<std::int64_t, std::pair<std::string, std::string>> machines;
  for (const auto& [id, environment] : store.Environments())
    machines[id] = {MachineOf(environment), MachineName(environment)};
  // A copy: values are read by subject once more.
  const std::vector<HistorySubject> subjects = store.Subjects();
  RequireMatches(subjects, filter, store.path().string());
  std::map<std::int64_t, const Record*> records;
  for (const HistorySubject& subject : subjects)
    records[subject.id] = &subject.record;

  std::map<Key, HistorySeries> found;
  HistorySeries* series = nullptr;
  std::pair<std::int64_t, std::int64_t> last(-1, -1);
  const auto wanted = [&](const HistorySubject& subject) {
    return !subject.record.metric.empty() && records.contains(subject.id) &&
           GlobMatch(filter.cell, subject.record.cell) &&
           GlobMatch(filter.metric, subject.record.metric);
  };
  store.ForEachValue(wanted, [&](const HistoryValue& value) {
    const auto place = places.find(value.run);
    // A run that was added since the runs were read.
    if (place == places.end() || !machines.contains(value.environment)) return;
    if (last != std::pair(value.subject, value.environment)) {
      last = {value.subject, value.environment};
      const auto& [machine, name] = machines[value.environment];
      series = nullptr;
      if (!machine.starts_with(filter.machine)) return;
      const Record& record = *records[value.subject];
      series = &found[{record.cell, record.metric, record.unit, machine}];
      series->cell = record.cell;
      series->metric = record.metric;
      series->unit = record.unit;
      series->direction = record.direction;
      series->machine = machine;
      series->machine_name = name;
    }
    if (series == nullptr) return;
    series->points.push_back(
        {place->second, *value.value, value.ci, value.n, value.input});
  });
  for (auto& [key, one] : found) {
    std::ranges::stable_sort(one.points, {}, &SeriesPoint::run);
    if (filter.last > 0 && one.points.size() > filter.last)
      one.points.erase(
          one.points.begin(),
          one.points.end() - static_cast<std::ptrdiff_t>(filter.last));
    set.series.push_back(std::move(one));
  }
  return set;
}

}  // namespace eyechart::reports
