// Area ranges as an option gives them.
#pragma once

#include <string>
#include <vector>

#include "probes/detection/evaluation/evaluate.h"

namespace eyechart::detection {

/// Of "name:low:high" each, square pixels; high may be "inf". "all" is put in
/// front where none has that name. Throws InputError for anything else.
std::vector<AreaRange> ParseAreas(const std::vector<std::string>& texts);

}  // namespace eyechart::detection
