// All that measuring an encoder takes: model, detector, pictures, device, and
// the files that a measurement leaves.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "benchmarks/vision/bench_pictures.h"
#include "benchmarks/vision/encoder_device.h"
#include "benchmarks/vision/measure.h"
#include "core/json.h"
#include "core/record.h"

namespace eyechart::benchmarks {

struct EncoderBenchOptions {
  std::string name;                // of the device, for reports
  std::filesystem::path detector;  // folder; empty: features, no boxes
  // What a deployment keeps: average precision wants a score of 0.001, which
  // NMS pays for (detection.md 4.1).
  detection::FindOptions find = {.detect = {.min_score = 0.05}};
  std::int64_t most_pictures = 512;  // by seed; 0: all
  std::uint64_t seed = 0;
  int workers = 0;  // see EncoderDeviceOptions
  int lanes = 1;
  bool cuda_graphs = false;  // see EncoderDeviceOptions
};

/// "off" or "on", of `bench --cuda-graphs`. Throws InputError for another text,
/// and for "on" with a device other than CUDA, which has no graphs.
bool ParseCudaGraphs(const std::string& name, const c10::Device& device);

/// Opens and checks everything; what it opens it keeps.
class EncoderBench {
 public:
  /// `pictures` outlives it. Throws InputError as LoadModel, ReadDetector,
  /// RequireFits and PickPictures do.
  EncoderBench(const encoders::ModelSpec& spec,
               const data::Dataset& pictures,
               const EncoderBenchOptions& options);

  EncoderDevice& device() { return *device_; }
  const encoders::LoadedModel& model() const { return model_; }
  const PickedPictures& picked() const { return picked_; }
  BenchSetting setting() const;
  /// What the number depends on, besides LoadJson: pictures, input size,
  /// hashes, threads, the detector with its thresholds; and how the queries so
  /// far were timed.
  eyechart::Json Describe() const;
  /// A record with the model's and the pictures' hashes.
  Record BaseRecord() const;

 private:
  encoders::LoadedModel model_;
  std::optional<detection::Detector> detector_;
  std::string detector_sha256_;
  const data::Dataset& pictures_;
  EncoderBenchOptions options_;
  PickedPictures picked_;
  std::unique_ptr<EncoderDevice> device_;
};

/// Spans a lane that are kept where a trace is asked for.
inline constexpr std::int64_t kTraceSpans = 1 << 16;

/// What one cell leaves in a run folder; empty paths are left out.
struct BenchFiles {
  std::filesystem::path samples;  // CSV of raw latencies
  std::filesystem::path json;     // what was measured and how
  std::filesystem::path trace;    // Chrome's format; only with spans
  // CSV of --find-peak's trials, see PeakSamplesCsv; only with some.
  std::filesystem::path peak_samples = {};
};

/// Makes the files' folders. Throws InputError where one cannot be written.
void WriteBenchFiles(const BenchFiles& files,
                     const Measured& measured,
                     const Json& json);

/// Makes `folder` and writes AuditSamplesCsv to its cache_audit_samples.csv.
/// They are of no scenario, so they are not where a gate looks for a cell's.
/// Throws InputError.
void WriteAudit(const std::filesystem::path& folder,
                const MeasuredAudit& measured);

}  // namespace eyechart::benchmarks
