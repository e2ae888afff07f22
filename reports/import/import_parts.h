// What the importers share.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "core/json.h"
#include "core/metrics.h"
#include "reports/run_folder.h"

namespace eyechart::reports {

/// The object or array that `text` is; null where it is no JSON.
Json JsonOrNull(std::string_view text);

/// An empty table of this name that comes from `source`.
RunFolder ImportedTable(std::string name, std::string source);

/// Where a user's file comes from: what it is, its name and the first digits of
/// its SHA-256, so that the table says which file it was made of.
std::string SourceOfFile(std::string_view kind,
                         const std::filesystem::path& file,
                         std::string_view text);

/// One imported value.
struct ImportedValue {
  std::string encoder;
  std::string task;
  std::string dataset;
  std::map<std::string, std::string> setting;  // without source
  std::string metric;
  double value = 0;
  /// For a metric that the metric table lacks.
  std::string unit = "1";
  Direction direction = Direction::kNone;
};

/// Appends a record with the table's source in its setting; unit and direction
/// come from the metric table where it knows the metric. A value that is not
/// finite is none, with the reason.
void AddImported(RunFolder& table, const ImportedValue& value);

/// The name of a metric of ours that another tool calls so; the same name where
/// we have none.
std::string OurMetric(std::string_view name);

}  // namespace eyechart::reports
