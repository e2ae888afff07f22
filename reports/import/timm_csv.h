// timm's result tables: accuracy on ImageNet and its variants (results-*.csv)
// and inference speed (benchmark-infer-*.csv).
#pragma once

#include <memory>
#include <string_view>

#include "reports/import/importer.h"

namespace eyechart::reports {

/// Columns are found by name. top1 and top5 are per cent; thousands of
/// param_count, which is in millions, may be parted by commas ("1,014.45"); a
/// count of a million or more is taken as one of parameters. The data set is
/// what the file's name says after "results-"; it is the only place where timm
/// says it. Source: results/ of huggingface/pytorch-image-models.
std::unique_ptr<Importer> MakeTimmCsvImporter();

/// A header with `model` and one of top1 and infer_samples_per_sec.
bool IsTimmCsv(std::string_view text);

}  // namespace eyechart::reports
