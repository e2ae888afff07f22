// An exported detector as a device under test: from a picture's bytes to the
// boxes that suppression has yet to thin out.
#pragma once

#include <string>
#include <vector>

#include "benchmarks/nms_sweep/detector_device.h"
#include "probes/detection/transfer/exported_detector.h"

namespace eyechart::benchmarks {

class ExportedCandidates final : public CandidateDevice {
 public:
  enum Stage : std::size_t { kDecode, kPrepare, kProgram };

  /// Both outlive the device.
  ExportedCandidates(detection::ExportedDetector& exported,
                     const detection::BoxExamples& examples,
                     const detection::DetectOptions& options);

  std::string Name() const override { return exported_.name(); }
  /// decode, prepare, program (with the boxes read out of its answers).
  std::vector<std::string> Stages() const override;
  std::int64_t SampleCount() const override { return examples_.size(); }
  /// Reads the files of `plan`. One that cannot be read is found out by Run().
  void Prepare(const LoadPlan& plan) override;
  void Run(const Query& query, StageRecorder& recorder) override;

  const Candidates& last() const override { return last_; }
  detection::FoundBoxes Again(
      const detection::DetectOptions& options) const override;

 private:
  detection::ExportedDetector& exported_;
  const detection::BoxExamples& examples_;
  const detection::DetectOptions options_;
  std::vector<std::string> bytes_;  // by sample; empty: not prepared
  std::vector<detection::ExportedDetector::Answers> answers_;  // the last ones
  Candidates last_;
};

}  // namespace eyechart::benchmarks
