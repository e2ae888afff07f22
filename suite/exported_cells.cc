#include "suite/exported_cells.h"

#include <algorithm>
#include <string>

#include "core/error.h"

namespace eyechart::suite {

bool IsExported(const Cell& cell) {
  return cell.encoders.front()->exported_detector;
}

void LeaveOutKeys(const SuiteSpec& suite,
                  const TaskSpec& task,
                  const std::vector<std::string_view>& keys,
                  std::vector<Cell>& cells) {
  const bool alone =
      !cells.empty() && std::all_of(cells.begin(), cells.end(), IsExported);
  for (const std::string_view view : keys) {
    const std::string key(view);
    EYECHART_REQUIRE(
        !alone || !task.setting.contains(key),
        "{}:{}: [[task]]: {} is of a head on an encoder; \"{}\" is an exported "
        "detector, which has its own in it: leave the key out",
        suite.file.string(), task.line, key, cells.front().encoder);
    for (Cell& cell : cells)
      if (IsExported(cell)) cell.setting.erase(key);
  }
}

}  // namespace eyechart::suite
