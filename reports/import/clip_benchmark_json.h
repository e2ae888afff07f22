// Results of LAION's CLIP_benchmark: one JSON object a model, data set and
// task.
#pragma once

#include <memory>
#include <string_view>

#include "reports/import/importer.h"

namespace eyechart::reports {

/// Reads one object, a list of them, or one a line (results put together by
/// hand): {"dataset", "model", "pretrained", "task", "metrics": {...},
/// "language"}. Metrics are fractions there. Those that we have get our names
/// (acc1 is top1); a linear probe's own settings among them (lr, epochs, seed,
/// ...) become settings. "wds/" before a data set is left out. Source: cli.py
/// and metrics/ of LAION-AI/CLIP_benchmark.
std::unique_ptr<Importer> MakeClipBenchmarkImporter();

/// An object with dataset, model, task and metrics.
bool IsClipBenchmarkJson(std::string_view text);

}  // namespace eyechart::reports
