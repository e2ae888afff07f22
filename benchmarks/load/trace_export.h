// A run's spans as a Chrome trace, for chrome://tracing and Perfetto.
#pragma once

#include <filesystem>

#include "benchmarks/load/scenario.h"
#include "core/json.h"

namespace eyechart::benchmarks {

/// Chrome's Trace Event Format, JSON object form: complete events ("ph": "X")
/// in microseconds from the start of the run, a thread a lane, with the queries
/// above their stages. Queries have events as far as they have rows among the
/// first that kept all their spans; what was left out is in "otherData".
Json ChromeTrace(const LoadResult& result);

/// Throws InputError if it cannot be written.
void WriteChromeTrace(const std::filesystem::path& path,
                      const LoadResult& result);

}  // namespace eyechart::benchmarks
