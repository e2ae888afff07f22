#include "suite/detector_cell.h"

#include <algorithm>
#include <string_view>

#include "core/error.h"
#include "core/record.h"
#include "core/text.h"
#include "suite/run.h"
#include "suite/task_keys.h"

namespace eyechart::suite {
namespace {

// Ids of the detect cells of the tasks that stand before `task`.
std::vector<std::string> EarlierDetectCells(const SuiteSpec& suite,
                                            const TaskSpec& task) {
  SuiteSpec earlier = suite;
  std::erase_if(earlier.tasks, [&task](const TaskSpec& one) {
    return one.kind != "detect" || one.line >= task.line;
  });
  std::vector<std::string> ids;
  if (earlier.tasks.empty()) return ids;
  for (const Cell& cell : PlanCells(earlier)) ids.push_back(cell.id);
  return ids;
}

}  // namespace

std::string DetectorCellOf(const Cell& cell,
                           const TaskSpec& task,
                           const char* key) {
  std::string text = TextOf(task, key);
  constexpr std::string_view kEncoder = "{encoder}";
  if (const std::size_t at = text.find(kEncoder); at != std::string::npos)
    text.replace(at, kEncoder.size(), cell.encoder);
  return text;
}

void RequireDetectorCells(const SuiteSpec& suite,
                          const TaskSpec& task,
                          const std::vector<Cell>& cells,
                          const char* key) {
  const std::vector<std::string> known = EarlierDetectCells(suite, task);
  for (const Cell& cell : cells) {
    const std::string wanted = DetectorCellOf(cell, task, key);
    EYECHART_REQUIRE(
        std::find(known.begin(), known.end(), wanted) != known.end(),
        "{}:{}: [[task]]: {} \"{}\" is no cell of a detect task before this "
        "one{}; there are {}",
        suite.file.string(), task.line, key, wanted, DidYouMean(wanted, known),
        known.empty() ? "none" : fmt::format("{}", fmt::join(known, ", ")));
  }
}

std::filesystem::path DetectorFolder(const TaskContext& context,
                                     const std::string& id) {
  return context.artifacts.parent_path() / CellSlug(id) / "detector";
}

}  // namespace eyechart::suite
