// Tasks that take the detector which an earlier detect cell of the suite
// trained.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "suite/task.h"

namespace eyechart::suite {

/// Sets `heads` under `key` in each of `cells` from the task's key, if it is
/// there. "{encoder}" stands for the encoder's name; with it the head is the
/// one that the same point of the encoder's grid got (dtype, resolution ...).
/// Exported detectors get none. Throws InputError where that is no cell of a
/// detect task that stands before `task`, listing those there are.
void FindHeads(const SuiteSpec& suite,
               const TaskSpec& task,
               std::vector<Cell>& cells,
               const char* key = "detector_cell");

/// The detect cell whose head is `cell`'s under `key`; empty: none.
std::string HeadOf(const Cell& cell, const char* key = "detector_cell");

/// Where the detector of the detect cell `id` is.
std::filesystem::path DetectorFolder(const TaskContext& context,
                                     const std::string& id);

}  // namespace eyechart::suite
