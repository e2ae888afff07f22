// A trained detector as a device under test: from a picture's bytes to the
// boxes that suppression has yet to thin out.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "benchmarks/load/device_under_test.h"
#include "encoders/loaded_model.h"
#include "probes/detection/transfer/detector.h"

namespace eyechart::benchmarks {

/// What the head says of one picture.
struct Candidates {
  detection::FoundBoxes boxes;  // corners in pixels of the canvas
  detection::Placing placing;
  int width = 0;  // of the picture as decoded, pixels; 0: unreadable
  int height = 0;
  std::string problem;  // why it could not be read
};

/// One picture a query, on one lane. Reading the file is in Prepare() and so
/// not timed; all else is, the copy from the device included.
class CandidateDevice : public DeviceUnderTest {
 public:
  /// Of the last query's last picture.
  virtual const Candidates& last() const = 0;
  /// The boxes of that picture once more, by other rules. Not timed.
  virtual detection::FoundBoxes Again(
      const detection::DetectOptions& options) const = 0;
};

/// A head on an encoder's maps.
class DetectorDevice final : public CandidateDevice {
 public:
  enum Stage : std::size_t { kDecode, kPrepare, kEncode, kHead };

  /// All three outlive the device. Throws InputError for an encoder without
  /// the maps that the detector reads.
  DetectorDevice(const detection::Detector& detector,
                 encoders::LoadedModel& model,
                 const detection::BoxExamples& examples,
                 const detection::DetectOptions& options);

  std::string Name() const override;
  /// decode, prepare, encode, head.
  std::vector<std::string> Stages() const override;
  std::int64_t SampleCount() const override { return examples_.size(); }
  /// Reads the files of `plan`. One that cannot be read is found out by Run().
  void Prepare(const LoadPlan& plan) override;
  void Run(const Query& query, StageRecorder& recorder) override;

  const Candidates& last() const override { return last_; }
  detection::FoundBoxes Again(
      const detection::DetectOptions& options) const override;

 private:
  std::vector<at::Tensor> Encode(const at::Tensor& pixels);

  const detection::Detector& detector_;
  encoders::LoadedModel& model_;
  const detection::BoxExamples& examples_;
  detection::DetectOptions options_;
  std::vector<std::string> bytes_;  // by sample; empty: not prepared
  std::vector<at::Tensor> maps_;    // of the last picture
  Candidates last_;
};

}  // namespace eyechart::benchmarks
