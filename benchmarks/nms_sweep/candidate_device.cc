#include "benchmarks/nms_sweep/candidate_device.h"

#include <ATen/ops/empty.h>
#include <c10/core/InferenceMode.h>

#include <cstring>

#include "core/error.h"
#include "core/files.h"
#include "data/decode.h"

namespace eyechart::benchmarks {

CandidateDevice::CandidateDevice(const detection::BoxExamples& examples,
                                 const detection::Canvas& canvas,
                                 const data::PreprocessOptions& preprocess)
    : examples_(examples),
      canvas_(canvas),
      preprocess_(preprocess),
      bytes_(static_cast<std::size_t>(examples.size())) {}

void CandidateDevice::Prepare(const LoadPlan& plan) {
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

void CandidateDevice::Run(const Query& query, StageRecorder& recorder) {
  const c10::InferenceMode inference;
  for (const std::int64_t sample : query.samples) {
    last_ = {};
    Forget();
    const at::Tensor pixels = PixelsOf(sample, recorder);
    if (pixels.defined()) last_.boxes = Find(pixels, recorder);
  }
}

// Undefined where the picture cannot be read, which `last_` then says.
at::Tensor CandidateDevice::PixelsOf(std::int64_t sample,
                                     StageRecorder& recorder) {
  data::Image image;
  try {
    const auto span = recorder.Enter(kDecode);
    image = data::Decode(bytes_[static_cast<std::size_t>(sample)],
                         preprocess_.decode)
                .image;
  } catch (const data::DecodeError& error) {
    last_.problem = examples_.dataset().images[examples_.image(sample)].path +
                    ": " + error.what();
    return {};
  }
  const auto span = recorder.Enter(kPrepare);
  last_.width = image.width;
  last_.height = image.height;
  last_.placing = detection::PlaceWhole(image.width, image.height, canvas_);
  const data::Pixels made =
      detection::RenderPixels(image, last_.placing, canvas_, preprocess_);
  const at::Tensor pixels = at::empty({1, 3, canvas_.height, canvas_.width});
  std::memcpy(pixels.mutable_data_ptr<float>(), made.values.data(),
              made.values.size() * sizeof(float));
  return pixels;
}

}  // namespace eyechart::benchmarks
