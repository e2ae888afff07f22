// What the eye chart measured, as records.
#pragma once

#include <vector>

#include "core/record.h"
#include "probes/acuity/chart_encoder.h"

namespace eyechart::probes {

/// chart_threshold, chart_threshold_patches where the chart is in pixels, and
/// chart_accuracy. A threshold outside the strengths shown is no value: the
/// message says on which side. An interval with an open end is left out, and
/// the message says which.
std::vector<Record> AcuityRecords(const ChartOutcome& outcome);

}  // namespace eyechart::probes
