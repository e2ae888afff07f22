// Exporters: records in, one document out. To add one, write its file and add
// its line to the table in exporter.cc.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "reports/run_folder.h"
#include "reports/trend.h"

namespace eyechart::reports {

class Exporter {
 public:
  virtual ~Exporter() = default;

  /// The whole document for one or several runs, UTF-8 with LF.
  virtual std::string Export(std::span<const RunFolder> runs) const = 0;

  /// Has Export show these trends too; false where the format has no place for
  /// them.
  virtual bool ShowTrends(std::vector<Trend> trends);

  /// The same of others' numbers (references.h).
  virtual bool ShowReferences(std::vector<RunFolder> references);

  /// The exporter of this name in the table. Throws InputError listing the
  /// known ones.
  static std::unique_ptr<Exporter> Create(const std::string& format);
};

/// One row of the table.
struct ExporterRow {
  std::string_view name;
  std::string_view extensions;  // with their dots, parted by a blank
  std::string_view what;
  std::unique_ptr<Exporter> (*make)();
};

/// Every exporter there is.
std::span<const ExporterRow> Exporters();

}  // namespace eyechart::reports
