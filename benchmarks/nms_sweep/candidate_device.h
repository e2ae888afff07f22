// A detector as a device under test: from a picture's bytes to the boxes that
// suppression has yet to thin out.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "benchmarks/load/device_under_test.h"
#include "probes/detection/transfer/detector.h"

namespace eyechart::benchmarks {

/// What the detector says of one picture.
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
  std::int64_t SampleCount() const override { return examples_.size(); }
  /// Reads the files of `plan`. One that cannot be read is found out by Run().
  void Prepare(const LoadPlan& plan) override;
  void Run(const Query& query, StageRecorder& recorder) override;

  /// Of the last query's last picture.
  const Candidates& last() const { return last_; }
  /// The boxes of that picture once more, by other rules. Not timed.
  virtual detection::FoundBoxes Again(
      const detection::DetectOptions& options) const = 0;

 protected:
  /// The first two stages, which are timed here; the detector's own follow.
  enum Stage : std::size_t { kDecode, kPrepare, kOwn };

  /// All three outlive the device.
  CandidateDevice(const detection::BoxExamples& examples,
                  const detection::Canvas& canvas,
                  const data::PreprocessOptions& preprocess);

  /// The boxes of `pixels` (1, 3, H, W) float32 on the host.
  virtual detection::FoundBoxes Find(const at::Tensor& pixels,
                                     StageRecorder& recorder) = 0;
  /// Drops what is kept of the last picture.
  virtual void Forget() = 0;

 private:
  at::Tensor PixelsOf(std::int64_t sample, StageRecorder& recorder);

  const detection::BoxExamples& examples_;
  const detection::Canvas& canvas_;
  const data::PreprocessOptions& preprocess_;
  std::vector<std::string> bytes_;  // by sample; empty: not prepared
  Candidates last_;
};

}  // namespace eyechart::benchmarks
