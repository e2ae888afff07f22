// samples/<cell>.csv of `bench --nms-sweep`, which the gate does not resample.
#pragma once

#include "core/csv.h"

namespace eyechart::reports {

/// Whether these are a sweep's raw times, of many settings and stages: columns
/// `stage` and `ns`, and none of a latency. What else lacks a latency is a
/// damaged file, and no sweep.
inline bool IsSweepSamples(const CsvTable& samples) {
  return samples.FindColumn("stage") && samples.FindColumn("ns") &&
         !samples.FindColumn("latency_ns");
}

}  // namespace eyechart::reports
