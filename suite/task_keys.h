// Values of a task's keys, which the suite has as text.
#pragma once

#include <cstdint>
#include <string>

#include "suite/suite_spec.h"

namespace eyechart::suite {

/// "FILE:LINE: [[task]]", for errors.
std::string WhereOf(const TaskSpec& task);

/// A key of type kNumber.
double NumberOf(const TaskSpec& task, const char* key);

/// The same. Throws InputError unless it is an integer from 0 to 2^31 - 1.
std::int64_t WholeOf(const TaskSpec& task, const char* key);

/// A key of type kText without a default; empty where it was not given.
std::string TextOf(const TaskSpec& task, const char* key);

}  // namespace eyechart::suite
