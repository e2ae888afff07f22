// A sweep's raw times, which every time that it prints is made of.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace eyechart::benchmarks {

/// One difference of two readings of the clock. 32 bytes: a sweep of 5,000
/// pictures at the default settings keeps 725,000 of them.
struct SweepTiming {
  std::uint32_t stage = 0;       // among SweepSamples::stages
  std::int32_t picture = -1;     // among the pictures; -1: of none
  std::int32_t setting = -1;     // among the settings; -1: of none
  std::int32_t repetition = -1;  // from 0; -1: timed once
  std::int32_t boxes_in = -1;    // that went into suppression; -1: not it
  std::int32_t boxes_out = -1;   // that came out; -1: not of boxes
  std::int64_t ns = 0;
};

/// Thresholds that suppression was timed at.
struct SweepSetting {
  std::optional<double> confidence;  // none: the cost curve's, which has none
  double iou = 0;
};

struct SweepSamples {
  /// What stands in `stages` behind the detector's own stages, in this order:
  /// the whole query without suppression; suppression at a setting; the same
  /// for the cost curve; the clock, read twice with nothing between.
  static constexpr const char* kWithoutNms = "without_nms";
  static constexpr const char* kNms = "nms";
  static constexpr const char* kCost = "cost";
  static constexpr const char* kClock = "clock";

  std::vector<std::string> stages;
  std::vector<std::string> pictures;  // ids, by place in the set
  std::vector<SweepSetting> settings;
  std::vector<SweepTiming> timings;  // in the order of measuring
};

/// CSV: picture,stage,confidence,iou,repetition,boxes_in,boxes_out,ns. A field
/// is empty where there is none of it. It is no table of a cell's latencies and
/// has no column `latency_ns`: what pairs or resamples those passes it by.
std::string SweepSamplesCsv(const SweepSamples& samples);

}  // namespace eyechart::benchmarks
