#include "benchmarks/nms_sweep/exported_candidates.h"

#include "core/error.h"

namespace eyechart::benchmarks {

ExportedCandidates::ExportedCandidates(detection::ExportedDetector& exported,
                                       const detection::BoxExamples& examples,
                                       const detection::DetectOptions& options)
    : CandidateDevice(
          examples, exported.detector().canvas, exported.preprocess()),
      exported_(exported),
      options_(options) {}

std::vector<std::string> ExportedCandidates::Stages() const {
  return {"decode", "prepare", "program"};
}

detection::FoundBoxes ExportedCandidates::Find(const at::Tensor& pixels,
                                               StageRecorder& recorder) {
  const auto span = recorder.Enter(kProgram);
  answers_ = exported_.Run(pixels);
  return exported_.Read(answers_, options_).front();
}

detection::FoundBoxes ExportedCandidates::Again(
    const detection::DetectOptions& options) const {
  EYECHART_CHECK(!answers_.empty(), "no picture was read");
  return exported_.Read(answers_, options).front();
}

}  // namespace eyechart::benchmarks
