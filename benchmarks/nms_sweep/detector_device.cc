#include "benchmarks/nms_sweep/detector_device.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <c10/core/InferenceMode.h>

#include <utility>

#include "core/error.h"

namespace eyechart::benchmarks {

DetectorDevice::DetectorDevice(const detection::Detector& detector,
                               encoders::LoadedModel& model,
                               const detection::BoxExamples& examples,
                               const detection::DetectOptions& options)
    : CandidateDevice(examples, detector.canvas, model.preprocess),
      detector_(detector),
      model_(model),
      options_(options) {
  EYECHART_REQUIRE(
      !detector.own_stages || model.encoder->info().pyramid.size() > 1,
      "the detector reads an encoder's own stages; {} has none",
      model.encoder->info().family);
}

std::string DetectorDevice::Name() const {
  return model_.encoder->info().family + ", " + detector_.kind + " head";
}

std::vector<std::string> DetectorDevice::Stages() const {
  return {"decode", "prepare", "encode", "head"};
}

std::vector<at::Tensor> DetectorDevice::Encode(const at::Tensor& pixels) {
  encoders::EncodeRequest request;
  request.feature_map = !detector_.own_stages;
  request.pyramid = detector_.own_stages;
  encoders::Features features =
      model_.encoder->Encode(pixels.to(model_.device), request);
  std::vector<at::Tensor> maps =
      detector_.own_stages ? std::move(features.pyramid)
                           : std::vector<at::Tensor>{features.feature_map};
  // The head runs on the CPU: this waits for what a GPU has in flight.
  for (at::Tensor& map : maps)
    map = at::empty(map.sizes(), at::kFloat).copy_(map);
  return maps;
}

detection::FoundBoxes DetectorDevice::Find(const at::Tensor& pixels,
                                           StageRecorder& recorder) {
  {
    const auto span = recorder.Enter(kEncode);
    maps_ = Encode(pixels);
  }
  const auto span = recorder.Enter(kHead);
  for (std::size_t i = 0; i < maps_.size(); ++i)
    if (i < detector_.scale.shift.size())
      maps_[i]
          .sub_(detector_.scale.shift[i].view({1, -1, 1, 1}))
          .mul_(detector_.scale.scale[i].view({1, -1, 1, 1}));
  return detector_.head->Detect(maps_, options_).front();
}

detection::FoundBoxes DetectorDevice::Again(
    const detection::DetectOptions& options) const {
  EYECHART_CHECK(!maps_.empty(), "no picture was read");
  const c10::InferenceMode inference;
  return detector_.head->Detect(maps_, options).front();
}

}  // namespace eyechart::benchmarks
