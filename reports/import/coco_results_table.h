// Published tables, detection or other, as JSON that anybody can write:
//
//   {"schema": 1, "name": "rf-detr", "source": "arXiv 2511.09554, table 4",
//    "title": "...", "note": "how it was measured",
//    "task": "detect", "dataset": "rf100-vl", "metric": "ap", "per_cent": true,
//    "columns": [{}, {"metric": "ap50"}],
//    "rows": [{"encoder": "RF-DETR-N", "setting": {"epochs": "100"},
//              "values": [57.6, null]}]}
//
// schema, name, source, columns and rows are required. A column has what the
// table has, task, dataset, metric, unit and per_cent, unless it says
// otherwise, and may have a setting; encoder and setting of a row are texts.
// `null`: not published. Metrics of boxes go by COCO's names, as in `eyechart
// list metrics`.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "reports/import/importer.h"

namespace eyechart::reports {

std::unique_ptr<Importer> MakeResultsTableImporter();

/// An object with source, columns and rows.
bool IsResultsTable(std::string_view text);

/// The table; `where` is named in errors. Throws InputError for a missing or
/// empty source, an unknown key, a row of another number of values than there
/// are columns, and a percentage outside 0 to 100.
RunFolder ParseResultsTable(std::string_view text, const std::string& where);

}  // namespace eyechart::reports
