#include "suite/task.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>

#include "core/error.h"
#include "core/text.h"
#include "suite/task_keys.h"

namespace eyechart::suite {
namespace {

template <typename Spec>
std::vector<const Spec*> Named(const std::vector<Spec>& specs,
                               const std::string& name,
                               const std::string& where,
                               const char* what) {
  std::vector<const Spec*> found;
  std::vector<std::string> names;
  for (const Spec& spec : specs) {
    names.push_back(spec.name);
    if (name.empty() || spec.name == name) found.push_back(&spec);
  }
  EYECHART_REQUIRE(!found.empty(), "{}: no [[{}]] is called \"{}\"{}", where,
                   what, name, DidYouMean(name, names));
  return found;
}

// Names of the kinds that take what `takes` says.
std::string KindsThatTake(bool TaskKind::*takes) {
  std::vector<std::string_view> names;
  for (const TaskKind& kind : TaskKinds())
    if (kind.*takes) names.push_back(kind.name);
  return fmt::format("{}", fmt::join(names, ", "));
}

}  // namespace

std::span<const TaskKind> TaskKinds() {
  static const std::array kinds = {kEncodeTask, kMineTask,    kAskTask,
                                   kChartTask,  kDetectTask,  kProbeTask,
                                   kBenchTask,  kNmsSweepTask};
  return kinds;
}

const TaskKind& FindTaskKind(std::string_view name, const std::string& where) {
  std::vector<std::string> names;
  for (const TaskKind& kind : TaskKinds()) {
    if (kind.name == name) return kind;
    names.emplace_back(kind.name);
  }
  ThrowInput("{}: unknown task kind \"{}\"{}; known kinds are {}", where, name,
             DidYouMean(name, names), fmt::join(names, ", "));
}

std::vector<const EncoderSpec*> EncodersNamed(const SuiteSpec& suite,
                                              const TaskSpec& task,
                                              const std::string& name) {
  const std::string where = WhereOf(task);
  std::vector<const EncoderSpec*> found =
      Named(suite.encoders, name, where, "encoder");
  const TaskKind& kind = FindTaskKind(task.kind, where);
  // Unasked they are left out, as data sets of another kind are.
  const EncoderSpec& first = *found.front();
  std::erase_if(found, [&kind](const EncoderSpec* one) {
    return (one->exported_detector && !kind.takes_exported) ||
           (!one->command.empty() && !kind.takes_programs);
  });
  if (!found.empty()) return found;
  if (first.exported_detector)
    ThrowInput(
        "{}: encoder \"{}\" is an exported detector, which gives boxes and "
        "none of the features that {} needs; kinds that take one are {}",
        where, first.name, task.kind, KindsThatTake(&TaskKind::takes_exported));
  ThrowInput(
      "{}: encoder \"{}\" is another program, of which only the time is known; "
      "{} needs its answers; kinds that take one are {}",
      where, first.name, task.kind, KindsThatTake(&TaskKind::takes_programs));
}

std::vector<const DatasetSpec*> DatasetsOf(const SuiteSpec& suite,
                                           const TaskSpec& task) {
  const std::string where = WhereOf(task);
  if (task.datasets.empty())
    return Named(suite.datasets, std::string(), where, "dataset");
  std::vector<const DatasetSpec*> found;
  for (const std::string& name : task.datasets)
    found.push_back(Named(suite.datasets, name, where, "dataset").front());
  return found;
}

std::vector<Cell> CellOfEach(const SuiteSpec& suite, const TaskSpec& task) {
  std::vector<std::string> names = task.encoders;
  if (names.empty()) names.emplace_back();
  std::vector<Cell> cells;
  for (const DatasetSpec* dataset : DatasetsOf(suite, task)) {
    for (const std::string& name : names) {
      for (const EncoderSpec* encoder : EncodersNamed(suite, task, name)) {
        Cell cell;
        cell.encoder = encoder->name;
        cell.dataset = dataset;
        cell.encoders = {encoder};
        cell.setting = task.setting;
        cell.setting.insert(encoder->setting.begin(), encoder->setting.end());
        cells.push_back(std::move(cell));
      }
    }
  }
  return cells;
}

std::string PatternCell(const Cell& cell, std::string pattern) {
  std::replace(pattern.begin(), pattern.end(), ' ', '_');
  std::map<std::string, std::string> setting = cell.setting;
  setting["pattern"] = pattern;
  return cell.encoder + "/" + cell.task->kind + "/" + cell.dataset->name + "/" +
         SettingText(setting);
}

int BatchOf(const TaskSpec& task) {
  const std::string& text = task.keys.at("batch");
  const std::optional<std::int64_t> batch = ParseInt(text);
  EYECHART_REQUIRE(batch && *batch >= 1 && *batch <= 1 << 20,
                   "{}: batch {}: should be an integer of at least 1",
                   WhereOf(task), text);
  return static_cast<int>(*batch);
}

}  // namespace eyechart::suite
