// `report RUN... --reference NAME|FILE`: tables of others' numbers.
#pragma once

#include <string>
#include <vector>

#include "reports/run_folder.h"

namespace eyechart::cli {

/// The tables that come with eyechart: their names and what they hold, for
/// --help and `list`.
std::string KnownReferences();

/// Each name a published table or a file that an importer knows. A name that is
/// both is the table. Throws InputError listing what is known.
std::vector<reports::RunFolder> ReadReferences(
    const std::vector<std::string>& names);

}  // namespace eyechart::cli
