// A trained detector under load.
#pragma once

#include <string>
#include <vector>

#include "benchmarks/nms_sweep/candidate_device.h"
#include "encoders/loaded_model.h"

namespace eyechart::benchmarks {

/// A head on an encoder's maps.
class DetectorDevice final : public CandidateDevice {
 public:
  /// All three outlive the device. Throws InputError for an encoder without
  /// the maps that the detector reads.
  DetectorDevice(const detection::Detector& detector,
                 encoders::LoadedModel& model,
                 const detection::BoxExamples& examples,
                 const detection::DetectOptions& options);

  std::string Name() const override;
  /// decode, prepare, encode, head.
  std::vector<std::string> Stages() const override;
  detection::FoundBoxes Again(
      const detection::DetectOptions& options) const override;

 protected:
  detection::FoundBoxes Find(const at::Tensor& pixels,
                             StageRecorder& recorder) override;
  void Forget() override { maps_.clear(); }

 private:
  enum OwnStage : std::size_t { kEncode = kOwn, kHead };

  std::vector<at::Tensor> Encode(const at::Tensor& pixels);

  const detection::Detector& detector_;
  encoders::LoadedModel& model_;
  detection::DetectOptions options_;
  std::vector<at::Tensor> maps_;  // of the last picture
};

}  // namespace eyechart::benchmarks
