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
  detection::FindOptions find;
};

/// What the last query on a lane was answered with.
struct EncoderAnswer {
  at::Tensor pooled;  // (n, D) float32 on the host; undefined with a detector
  std::vector<detection::PictureBoxes> boxes;  // a picture, with a detector
};

/// Stages, of which those that a query goes through are named: decode, resize
/// (with crop and normalisation), wait (for the model, several lanes),
/// to-device (CUDA), encode (features back on the host), head, nms, post (boxes
/// in the picture's pixels). With DecodeMode::kFast decode and resize are one
/// step, `preprocess`. CUDA work is waited for at the end of its stage, so that
/// spans are true; no graphs are recorded. Reading files is not timed.
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

 private:
  struct Lane;
  struct Stage;

  std::size_t Named(const char* stage);
  void Load(const Query& query, Lane& lane, StageRecorder& recorder) const;
  void PrepareOne(std::string_view bytes, Lane& lane, std::size_t i) const;
  void ShapeBatches(Lane& lane, std::size_t pictures) const;
  void Encode(Lane& lane, StageRecorder& recorder) const;
  void FindBoxes(Lane& lane, StageRecorder& recorder) const;
  at::Tensor HostPixels(std::int64_t count,
                        std::int64_t h,
                        std::int64_t w) const;

  encoders::LoadedModel& model_;
  const data::Dataset& pictures_;
  const std::vector<std::size_t> used_;
  const EncoderDeviceOptions options_;
  std::vector<std::string> stages_;
  std::unique_ptr<Stage> stage_;               // their places
  std::map<std::int64_t, std::string> files_;  // by sample
  std::vector<std::unique_ptr<Lane>> lanes_;
  mutable std::mutex model_in_use_;
};

}  // namespace eyechart::benchmarks
