// What the gate found, as documents: the seam beside reports/exporter.h, which
// exports records. To add a format, write its file and add its line to the
// table in gate_exporter.cc.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "reports/exporter.h"
#include "reports/gate/gate.h"

namespace eyechart::reports {

/// A gate's result and what it stands among.
struct GateReport {
  GateResult result;
  std::string baseline;  // the folders as they were named
  std::string candidate;
  std::vector<std::string> warnings;  // all, those of the result too
  bool strict = false;                // an inconclusive cell fails
  bool all = true;                    // tables for people show what passed
};

/// Whether the cell alone would give an exit code other than 0.
bool Fails(const GateCell& cell, bool strict);

class GateExporter {
 public:
  virtual ~GateExporter() = default;

  /// The whole document, UTF-8 with LF.
  virtual std::string Export(const GateReport& report) const = 0;

  /// The exporter of this name in the table. Throws InputError listing the
  /// known ones.
  static std::unique_ptr<GateExporter> Create(const std::string& format);
};

/// One row of the table.
struct GateExporterRow {
  std::string_view name;
  std::string_view extensions;  // with their dots, parted by a blank
  std::string_view what;
  std::unique_ptr<GateExporter> (*make)();
};

/// Every exporter there is.
std::span<const GateExporterRow> GateExporters();

}  // namespace eyechart::reports
