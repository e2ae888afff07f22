#include "benchmarks/nms_sweep/exported_candidates.h"

#include <ATen/ops/empty.h>
#include <c10/core/InferenceMode.h>

#include <cstring>

#include "core/error.h"
#include "core/files.h"
#include "data/decode.h"

namespace eyechart::benchmarks {

ExportedCandidates::ExportedCandidates(detection::ExportedDetector& exported,
                                       const detection::BoxExamples& examples,
                                       const detection::DetectOptions& options)
    : exported_(exported),
      examples_(examples),
      options_(options),
      bytes_(static_cast<std::size_t>(examples.size())) {}

std::vector<std::string> ExportedCandidates::Stages() const {
  return {"decode", "prepare", "program"};
}

void ExportedCandidates::Prepare(const LoadPlan& plan) {
  EYECHART_CHECK(plan.lanes == 1, "{} lanes of a detector", plan.lanes);
  for (std::string& bytes : bytes_) bytes = {};
  for (const std::int64_t sample : plan.samples) {
    const data::BoxImage& image =
        examples_.dataset().images[examples_.image(sample)];
    try {
      bytes_[static_cast<std::size_t>(sample)] = ReadFile(image.file);
    } catch (const InputError&) {
      // No bytes are no picture: Run() says so.
    }
  }
}

void ExportedCandidates::Run(const Query& query, StageRecorder& recorder) {
  const c10::InferenceMode inference;
  const detection::Canvas& canvas = exported_.detector().canvas;
  for (const std::int64_t sample : query.samples) {
    last_ = {};
    answers_.clear();
    data::Image image;
    try {
      const auto span = recorder.Enter(kDecode);
      image = data::Decode(bytes_[static_cast<std::size_t>(sample)],
                           exported_.preprocess().decode)
                  .image;
    } catch (const data::DecodeError& error) {
      last_.problem = examples_.dataset().images[examples_.image(sample)].path +
                      ": " + error.what();
      continue;
    }
    at::Tensor pixels;
    {
      const auto span = recorder.Enter(kPrepare);
      last_.width = image.width;
      last_.height = image.height;
      last_.placing = detection::PlaceWhole(image.width, image.height, canvas);
      const data::Pixels made = detection::RenderPixels(
          image, last_.placing, canvas, exported_.preprocess());
      pixels = at::empty({1, 3, canvas.height, canvas.width});
      std::memcpy(pixels.mutable_data_ptr<float>(), made.values.data(),
                  made.values.size() * sizeof(float));
    }
    const auto span = recorder.Enter(kProgram);
    answers_ = exported_.Run(pixels);
    last_.boxes = exported_.Read(answers_, options_).front();
  }
}

detection::FoundBoxes ExportedCandidates::Again(
    const detection::DetectOptions& options) const {
  EYECHART_CHECK(!answers_.empty(), "no picture was read");
  return exported_.Read(answers_, options).front();
}

}  // namespace eyechart::benchmarks
