#include "suite/exported_cells.h"

#include <algorithm>
#include <string>

#include "core/error.h"

namespace eyechart::suite {
namespace {

// Of the cells that `leave` names.
void LeaveOutOf(bool (*leave)(const Cell&),
                const SuiteSpec& suite,
                const TaskSpec& task,
                const std::vector<std::string_view>& keys,
                std::vector<Cell>& cells) {
  const bool alone =
      !cells.empty() && std::all_of(cells.begin(), cells.end(), leave);
  for (const std::string_view view : keys) {
    const std::string key(view);
    if (alone && task.setting.contains(key)) {
      const Cell& first = cells.front();
      ThrowInput(
          "{}:{}: [[task]]: {} is of {}; \"{}\" is {}: leave the key out",
          suite.file.string(), task.line, key,
          leave == IsProgram ? "a model" : "a head on an encoder",
          first.encoder,
          IsProgram(first)
              ? "another program, which is started as its command says"
              : "an exported detector, which has its own in it");
    }
    for (Cell& cell : cells)
      if (leave(cell)) cell.setting.erase(key);
  }
}

}  // namespace

bool IsExported(const Cell& cell) {
  return cell.encoders.front()->exported_detector;
}

bool IsProgram(const Cell& cell) {
  return !cell.encoders.front()->command.empty();
}

bool TakesNoHead(const Cell& cell) {
  return IsExported(cell) || IsProgram(cell);
}

void LeaveOutKeys(const SuiteSpec& suite,
                  const TaskSpec& task,
                  const std::vector<std::string_view>& keys,
                  std::vector<Cell>& cells) {
  LeaveOutOf(TakesNoHead, suite, task, keys, cells);
}

void LeaveOutModelKeys(const SuiteSpec& suite,
                       const TaskSpec& task,
                       const std::vector<std::string_view>& keys,
                       std::vector<Cell>& cells) {
  LeaveOutOf(IsProgram, suite, task, keys, cells);
}

}  // namespace eyechart::suite
