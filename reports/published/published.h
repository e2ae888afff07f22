// Published tables that come with eyechart, to read beside one's own numbers.
// To add one, write its text in a file of its own, with its source, and add its
// line to the table in published.cc.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "reports/run_folder.h"

namespace eyechart::reports {

/// One row of the table.
struct PublishedTable {
  std::string_view name;
  std::string_view what;
  const char* text;  // as import/coco_results_table.h reads it
};

/// Every table there is.
std::span<const PublishedTable> PublishedTables();

/// The table of this name as records, as an importer gives them; none where
/// there is no such table.
std::optional<RunFolder> ReadPublished(const std::string& name);

}  // namespace eyechart::reports
