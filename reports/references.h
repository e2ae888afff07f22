// Others' numbers beside ours: tables that an importer read, or that come with
// eyechart. They are shown, with their source, and nothing else: never paired
// with a run, tested or judged.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/record.h"
#include "reports/display.h"
#include "reports/run_folder.h"

namespace eyechart::reports {

/// One column: what a record measures.
struct ReferenceColumn {
  std::string metric;
  std::string unit;
  std::string direction;
  /// What sets the columns of the table apart, data set and settings: "dtd",
  /// "pattern Color"; "" where nothing but the metric does.
  std::string of;
};

struct ReferenceRow {
  std::string encoder;  // of a run: with the run's label before it
  std::string setting;  // "img_size 224"; "" where there is none
  bool ours = false;    // measured in one of the runs
  std::vector<const Record*> values;  // as the columns; null where none
};

struct ReferenceTable {
  std::string name;
  std::string title;  // "" where the source gives none
  std::string source;
  std::string note;  // how it was measured; may be ""
  std::vector<ReferenceColumn> columns;
  std::vector<ReferenceRow> rows;  // ours first, then the source's, in order
};

/// A table each. A run's record of the same metric, data set and pattern (case,
/// blanks, '-' and '_' alike; of columns of one kind of probe, of that kind)
/// stands in a row of its own above the source's: whether both were measured
/// alike is for the reader to judge. The tables point into both.
std::vector<ReferenceTable> MakeReferenceTables(
    std::span<const RunFolder> references, std::span<const RunFolder> runs);

/// A source's value: a share as a percentage, with no digit that the source
/// lacks.
std::string SourceValueText(const NumberStyle& style, const Record& record);

/// One section of a Markdown document; "" without tables.
std::string ReferencesMarkdown(std::span<const RunFolder> references,
                               std::span<const RunFolder> runs);

/// The same of the HTML page.
std::string ReferencesHtml(std::span<const RunFolder> references,
                           std::span<const RunFolder> runs);

/// Rows of a table that a document shows; timm's have a thousand.
inline constexpr std::size_t kMaxReferenceRows = 200;

/// What stands above the tables.
inline constexpr std::string_view kReferencesLead =
    "Numbers that others published or measured, to read beside those of the "
    "runs. They come without items and mostly without intervals, often from "
    "another protocol: nothing here was tested, and the gate does not see it.";

}  // namespace eyechart::reports
