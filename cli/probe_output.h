// What `eyechart probe` prints for people, and two encoders side by side.
#pragma once

#include <string>

#include "core/json.h"

namespace eyechart::cli {

/// The object of --json in lines; `out` is the folder of results, or "".
void PrintProbe(const Json& json, const std::string& out);

/// What CompareProbes gives as text: "+0.0123 against FILE, 3 seeds  95%
/// [...]".
std::string ComparisonText(const Json& comparison);

/// This probe less the one in the file `other`, a probe.json: differences of
/// the seeds that both have, with their mean and its 95 % interval (Student's
/// t; none with one seed). Throws InputError for a file that is no probe's or
/// of another protocol; of detection, also where set, pictures or training
/// differ in more than the seed.
Json CompareProbes(const Json& json, const std::string& other);

}  // namespace eyechart::cli
