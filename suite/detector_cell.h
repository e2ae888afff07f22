// Tasks that take the detector which an earlier detect cell of the suite
// trained.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "suite/task.h"

namespace eyechart::suite {

/// What the task's `key` names, "{encoder}" put in; empty: none.
std::string DetectorCellOf(const Cell& cell,
                           const TaskSpec& task,
                           const char* key = "detector_cell");

/// Throws InputError where one of `cells` names, under `key`, no cell of a
/// detect task that stands before `task`, listing those there are.
void RequireDetectorCells(const SuiteSpec& suite,
                          const TaskSpec& task,
                          const std::vector<Cell>& cells,
                          const char* key = "detector_cell");

/// Where the detector of the detect cell `id` is.
std::filesystem::path DetectorFolder(const TaskContext& context,
                                     const std::string& id);

}  // namespace eyechart::suite
