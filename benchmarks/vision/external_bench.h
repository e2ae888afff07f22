// All that measuring another program takes: pictures and device.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "benchmarks/load/load_json.h"
#include "benchmarks/vision/bench_pictures.h"
#include "benchmarks/vision/external_device.h"
#include "core/json.h"
#include "core/record.h"

namespace eyechart::benchmarks {

struct ExternalBenchOptions {
  std::string command;  // see ExternalDeviceOptions
  // What the program computes on, where that is told: a GPU's name goes into
  // the result ("cuda:0"). "cpu" says nothing, as nobody knows it.
  std::string device = "cpu";
  std::int64_t most_pictures = 512;  // by seed; 0: all
  std::uint64_t seed = 0;
};

/// Opens and checks everything but the program, which a query starts.
class ExternalBench {
 public:
  /// `pictures` outlives it; null where the command takes none. Throws
  /// InputError as ExternalDevice and PickPictures do.
  ExternalBench(const ExternalBenchOptions& options,
                const data::Dataset* pictures);

  ExternalDevice& device() { return *device_; }
  const PickedPictures& picked() const { return picked_; }
  /// No dtype: what it computes in is the program's own affair.
  BenchSetting setting() const;
  /// {program, pictures}, the pictures as EncoderBench::Describe has them or
  /// null.
  eyechart::Json Describe() const;
  /// A record with the pictures' hash.
  Record BaseRecord() const;

 private:
  ExternalBenchOptions options_;
  const data::Dataset* pictures_;
  PickedPictures picked_;
  std::unique_ptr<ExternalDevice> device_;
};

}  // namespace eyechart::benchmarks
