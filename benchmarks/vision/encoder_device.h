// An encoder, with a detection head or without, as a device under load: from a
// picture's bytes to its feature, or to boxes in its own pixels.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "benchmarks/load/device_under_test.h"
#include "data/dataset.h"
#include "encoders/loaded_model.h"
#include "probes/detection/transfer/detector.h"
#include "probes/detection/transfer/find_boxes.h"

namespace eyechart::benchmarks {

struct EncoderDeviceOptions {
  std::string name;  // for reports
  // Threads that decode and resize a query's pictures; 0: one a hardware
  // thread, as `encode` does. One picture takes one thread.
  int workers = 0;
  // Lanes of the runs to come: the model answers one query at a time, and with
  // several lanes the wait for it is a stage.
  int lanes = 1;
  // Boxes instead of features; outlives the device.
  const detection::Detector* detector = nullptr;
  // On CUDA: replay the encoder's pass as a recorded graph where a batch size
  // comes again (encoders/forward_pass.h). Off: a measurement says when it is
  // on.
  bool cuda_graphs = false;
  detection::FindOptions find;
};

/// What the last query on a lane was answered with.
struct EncoderAnswer {
  at::Tensor pooled;  // (n, D) float32 on the host; undefined with a detector
  std::vector<detection::PictureBoxes> boxes;  // a picture, with a detector
};

/// How the last queries were run and timed.
struct EncoderDeviceNotes {
  bool cuda_graphs = false;  // asked for, and on CUDA
  std::string graph;         // why none could be recorded; else empty
  bool events = false;       // boundaries on the device are events
  // How far such a boundary between stages may be off (Anchor), as a median.
  std::int64_t boundary_error_ns = 0;
};

/// Stages, of which those that a query goes through are named: decode, resize
/// (with crop and normalisation), wait (for the model, several lanes),
/// to-device (CUDA), encode (features back on the host), head, nms, post (boxes
/// in the picture's pixels). With DecodeMode::kFast decode and resize are one
/// step, `preprocess`. On CUDA the head is on the model's device too: the host
/// waits once, when features or boxes are to be on the host, and the boundaries
/// before are events (DeviceClock). NMS and post run on the CPU. Reading files
/// is not timed.
class EncoderDevice final : public DeviceUnderTest {
 public:
  /// `model` and `pictures` outlive the device; `used` are the pictures that
  /// samples stand for. A detector has to fit the model (RequireFits).
  EncoderDevice(encoders::LoadedModel& model,
                const data::Dataset& pictures,
                std::vector<std::size_t> used,
                const EncoderDeviceOptions& options);
  ~EncoderDevice() override;

  std::string Name() const override { return options_.name; }
  std::vector<std::string> Stages() const override { return stages_; }
  std::int64_t SampleCount() const override;
  /// Reads the samples' files into memory. Throws InputError.
  void Prepare(const LoadPlan& plan) override;
  /// Throws InputError where a batch does not fit into the device's memory.
  void Run(const Query& query, StageRecorder& recorder) override;

  const EncoderAnswer& answer(int lane) const;
  /// Not while a query runs.
  EncoderDeviceNotes notes() const;

 private:
  struct Engine;
  struct Lane;
  struct Stage;

  std::size_t Named(const char* stage);
  void MakeEngine();
  void Load(const Query& query, Lane& lane, StageRecorder& recorder) const;
  void PrepareOne(std::string_view bytes, Lane& lane, std::size_t i) const;
  void ShapeBatches(Lane& lane, std::size_t pictures) const;
  void Encode(Lane& lane, StageRecorder& recorder) const;
  void Detect(Lane& lane) const;
  void FindBoxes(Lane& lane, StageRecorder& recorder) const;

  encoders::LoadedModel& model_;
  const data::Dataset& pictures_;
  const std::vector<std::size_t> used_;
  const EncoderDeviceOptions options_;
  std::vector<std::string> stages_;
  std::unique_ptr<Stage> stage_;               // their places
  std::map<std::int64_t, std::string> files_;  // by sample
  std::vector<std::unique_ptr<Lane>> lanes_;
  std::unique_ptr<Engine> engine_;
  mutable std::mutex model_in_use_;
};

}  // namespace eyechart::benchmarks
