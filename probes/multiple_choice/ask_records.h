// A result as records: the whole benchmark's scores and those of its patterns.
#pragma once

#include <string>
#include <vector>

#include "core/record.h"
#include "probes/multiple_choice/benchmark.h"
#include "probes/multiple_choice/result.h"

namespace eyechart::multiple_choice {

/// The overall records first, then one a pattern with the setting `pattern`.
/// Proportions have Wilson's interval, means a bootstrap's. `base` gives what
/// all share; its setting and n are set here.
std::vector<Record> AskRecords(const Benchmark& benchmark,
                               const Result& result,
                               const Record& base);

}  // namespace eyechart::multiple_choice
