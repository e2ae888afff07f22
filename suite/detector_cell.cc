#include "suite/detector_cell.h"

#include <algorithm>
#include <map>
#include <string_view>

#include "core/error.h"
#include "core/record.h"
#include "core/text.h"
#include "suite/exported_cells.h"
#include "suite/run.h"
#include "suite/task_keys.h"

namespace eyechart::suite {
namespace {

// Ids of the detect cells of the tasks that stand before `task`, which leave a
// trained head.
std::vector<std::string> EarlierDetectCells(const SuiteSpec& suite,
                                            const TaskSpec& task) {
  SuiteSpec earlier = suite;
  std::erase_if(earlier.tasks, [&task](const TaskSpec& one) {
    return one.kind != "detect" || one.line >= task.line;
  });
  std::vector<std::string> ids;
  if (earlier.tasks.empty()) return ids;
  for (const Cell& cell : PlanCells(earlier))
    if (!TakesNoHead(cell)) ids.push_back(cell.id);
  return ids;
}

// The id "encoder/detect/data/setting" with more in its setting.
std::string WithSetting(const std::string& id,
                        std::map<std::string, std::string> setting) {
  const std::size_t end = id.rfind('/');
  if (end == std::string::npos) return id;
  std::string_view rest = std::string_view(id).substr(end + 1);
  while (!rest.empty()) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    const std::string_view part = rest.substr(0, comma);
    rest.remove_prefix(std::min(comma + 1, rest.size()));
    if (const std::size_t is = part.find('='); is != std::string_view::npos)
      setting[std::string(part.substr(0, is))] = part.substr(is + 1);
  }
  return id.substr(0, end + 1) + SettingText(setting);
}

}  // namespace

void FindHeads(const SuiteSpec& suite,
               const TaskSpec& task,
               std::vector<Cell>& cells,
               const char* key) {
  const std::string text = TextOf(task, key);
  if (text.empty()) return;
  const std::vector<std::string> known = EarlierDetectCells(suite, task);
  const auto is_known = [&](const std::string& id) {
    return std::find(known.begin(), known.end(), id) != known.end();
  };
  constexpr std::string_view kEncoder = "{encoder}";
  const std::size_t at = text.find(kEncoder);
  for (Cell& cell : cells) {
    if (TakesNoHead(cell)) continue;
    std::string wanted = text;
    if (at != std::string::npos) {
      wanted.replace(at, kEncoder.size(), cell.encoder);
      const std::string own =
          WithSetting(wanted, cell.encoders.front()->setting);
      if (is_known(own)) wanted = own;
    }
    EYECHART_REQUIRE(
        is_known(wanted),
        "{}:{}: [[task]]: {} \"{}\" is no cell of a detect task before this "
        "one{}; there are {}",
        suite.file.string(), task.line, key, wanted, DidYouMean(wanted, known),
        known.empty() ? "none" : fmt::format("{}", fmt::join(known, ", ")));
    cell.heads[key] = wanted;
  }
}

std::string HeadOf(const Cell& cell, const char* key) {
  const auto found = cell.heads.find(key);
  return found == cell.heads.end() ? std::string() : found->second;
}

std::filesystem::path DetectorFolder(const TaskContext& context,
                                     const std::string& id) {
  return context.artifacts.parent_path() / CellSlug(id) / "detector";
}

}  // namespace eyechart::suite
