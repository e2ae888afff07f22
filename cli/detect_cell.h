// What a training is called in its records, and the command that repeats it.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "cli/options.h"
#include "core/record.h"
#include "suite/detect_pipeline.h"

namespace eyechart::cli {

/// A record of `detect train` without a figure: encoder, data set, setting and
/// cell, ENCODER/detect/DATASET/SETTING, as a suite would call it. `dataset` is
/// the name of the set.
Record DetectCellRecord(const std::string& model,
                        const ModelFlags& flags,
                        const std::string& dataset,
                        const suite::DetectJob& job);

/// The command line that repeats it, with `images` for those of the job.
std::string DetectCommandOf(const std::string& model,
                            const ModelFlags& flags,
                            const suite::DetectJob& job,
                            const std::vector<std::int64_t>& images);

}  // namespace eyechart::cli
