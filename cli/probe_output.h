// What `eyechart probe` prints for people, and two encoders side by side.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "core/json.h"

namespace eyechart::cli {

/// The object of --json in lines; `out` is the folder of results, or "".
void PrintProbe(const Json& json, const std::string& out);

/// What CompareProbes gives as text: "+0.0123 against FILE, 3 seeds  95%
/// [...]".
std::string ComparisonText(const Json& comparison);

/// The score of each seed in `runs` of a probe.json or detect.json. Throws
/// InputError naming `source` where there are none.
std::map<std::uint64_t, double> RunsOf(const Json& json,
                                       const std::string& source);

/// Scores of `ours` less those of `theirs`, which is from the file `other`, of
/// the seeds that both have, with their mean and its 95 % interval (Student's
/// t; none with one seed). Throws InputError where they share none.
Json CompareRuns(const Json& ours,
                 const Json& theirs,
                 const std::string& other);

/// The same of this probe and the file `other`, a probe.json. Throws InputError
/// also for a file that is no probe's or of another protocol.
Json CompareProbes(const Json& json, const std::string& other);

}  // namespace eyechart::cli
