// All that measuring an exported detector takes: program, pictures, device.
#pragma once

#include <cstdint>
#include <memory>

#include "benchmarks/load/load_json.h"
#include "benchmarks/vision/bench_pictures.h"
#include "benchmarks/vision/exported_device.h"
#include "core/json.h"
#include "core/record.h"

namespace eyechart::benchmarks {

struct ExportedBenchOptions {
  // What a deployment keeps, as in EncoderBenchOptions.
  detection::FindOptions find = {.detect = {.min_score = 0.05}};
  std::int64_t most_pictures = 512;  // by seed; 0: all
  std::uint64_t seed = 0;
  int workers = 0;  // see ExportedDeviceOptions
  int lanes = 1;
};

/// Opens and checks everything; what it opens it keeps.
class ExportedBench {
 public:
  /// `pictures` outlives it. Throws InputError as ExportedDetector and
  /// PickPictures do.
  ExportedBench(const encoders::ModelSpec& spec,
                const data::Dataset& pictures,
                const ExportedBenchOptions& options);

  ExportedDevice& device() { return *device_; }
  const detection::ExportedDetector& exported() const { return *exported_; }
  const PickedPictures& picked() const { return picked_; }
  BenchSetting setting() const;
  /// As EncoderBench::Describe.
  eyechart::Json Describe() const;
  /// A record with the program's and the pictures' hashes.
  Record BaseRecord() const;

 private:
  std::unique_ptr<detection::ExportedDetector> exported_;
  const data::Dataset& pictures_;
  ExportedBenchOptions options_;
  PickedPictures picked_;
  std::unique_ptr<ExportedDevice> device_;
};

}  // namespace eyechart::benchmarks
