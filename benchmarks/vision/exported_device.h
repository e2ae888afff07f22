// An exported detector as a device under load: from a picture's bytes to boxes
// in its own pixels.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "benchmarks/load/device_under_test.h"
#include "benchmarks/vision/device_clock.h"
#include "data/dataset.h"
#include "probes/detection/transfer/exported_detector.h"

namespace eyechart::benchmarks {

struct ExportedDeviceOptions {
  // Threads that decode and resize a query's pictures; 0: one a hardware
  // thread. One picture takes one thread.
  int workers = 0;
  // Lanes of the runs to come: the program answers one query at a time, and
  // with several lanes the wait for it is a stage.
  int lanes = 1;
  detection::FindOptions find;
};

/// Stages, as an EncoderDevice with a detector has them: decode, resize, wait
/// (several lanes), to-device (CUDA), encode (the whole program, its answers
/// back on the host), head (scores and best boxes read out of the answers), nms
/// (where the file says so), post (boxes in the picture's pixels). On CUDA the
/// boundary between copy and program is an event (DeviceClock). Reading files
/// is not timed.
class ExportedDevice final : public DeviceUnderTest {
 public:
  /// `exported` and `pictures` outlive the device; `used` are the pictures that
  /// samples stand for.
  ExportedDevice(detection::ExportedDetector& exported,
                 const data::Dataset& pictures,
                 std::vector<std::size_t> used,
                 const ExportedDeviceOptions& options);
  ~ExportedDevice() override;

  std::string Name() const override { return exported_.name(); }
  std::vector<std::string> Stages() const override { return stages_; }
  std::int64_t SampleCount() const override;
  /// Reads the samples' files into memory. Throws InputError.
  void Prepare(const LoadPlan& plan) override;
  /// Throws InputError where a batch does not fit into the device's memory.
  void Run(const Query& query, StageRecorder& recorder) override;

  /// What the last query on a lane was answered with, a picture each.
  const std::vector<detection::PictureBoxes>& answer(int lane) const;
  /// As in EncoderDeviceNotes, of the queries so far; not while one runs.
  bool has_events() const;
  std::int64_t BoundaryErrorNs() const;

 private:
  struct Lane;
  struct Stage;

  std::size_t Named(const char* stage);
  void Load(const Query& query, Lane& lane, StageRecorder& recorder) const;
  void RunProgram(Lane& lane, StageRecorder& recorder);
  void ReadBoxes(Lane& lane, StageRecorder& recorder) const;

  detection::ExportedDetector& exported_;
  const data::Dataset& pictures_;
  const std::vector<std::size_t> used_;
  const ExportedDeviceOptions options_;
  std::vector<std::string> stages_;
  std::unique_ptr<Stage> stage_;               // their places
  std::map<std::int64_t, std::string> files_;  // by sample
  std::vector<std::unique_ptr<Lane>> lanes_;
  DeviceClock clock_;  // of one query at a time: the program's
  std::mutex program_in_use_;
};

}  // namespace eyechart::benchmarks
