// Cells of exported detectors and of other programs, of which some of a task's
// keys say nothing.
#pragma once

#include <string_view>
#include <vector>

#include "suite/task.h"

namespace eyechart::suite {

/// Whether the cell's encoder is an exported detector.
bool IsExported(const Cell& cell);

/// Whether it is another program, which `command` starts.
bool IsProgram(const Cell& cell);

/// Whether heads on encoders are nothing to it: one of both.
bool TakesNoHead(const Cell& cell);

/// Takes `keys`, which are of heads on encoders, out of the settings of the
/// cells that take none. Throws InputError where there are no others and the
/// task gives one of the keys all the same.
void LeaveOutKeys(const SuiteSpec& suite,
                  const TaskSpec& task,
                  const std::vector<std::string_view>& keys,
                  std::vector<Cell>& cells);

/// The same of keys of models, which programs do not hear of.
void LeaveOutModelKeys(const SuiteSpec& suite,
                       const TaskSpec& task,
                       const std::vector<std::string_view>& keys,
                       std::vector<Cell>& cells);

}  // namespace eyechart::suite
