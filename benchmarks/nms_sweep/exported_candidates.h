// An exported detector under load.
#pragma once

#include <string>
#include <vector>

#include "benchmarks/nms_sweep/candidate_device.h"
#include "probes/detection/transfer/exported_detector.h"

namespace eyechart::benchmarks {

class ExportedCandidates final : public CandidateDevice {
 public:
  /// Both outlive the device.
  ExportedCandidates(detection::ExportedDetector& exported,
                     const detection::BoxExamples& examples,
                     const detection::DetectOptions& options);

  std::string Name() const override { return exported_.name(); }
  /// decode, prepare, program (with the boxes read out of its answers).
  std::vector<std::string> Stages() const override;
  detection::FoundBoxes Again(
      const detection::DetectOptions& options) const override;

 protected:
  detection::FoundBoxes Find(const at::Tensor& pixels,
                             StageRecorder& recorder) override;
  void Forget() override { answers_.clear(); }

 private:
  static constexpr std::size_t kProgram = kOwn;

  detection::ExportedDetector& exported_;
  const detection::DetectOptions options_;
  std::vector<detection::ExportedDetector::Answers> answers_;  // the last ones
};

}  // namespace eyechart::benchmarks
