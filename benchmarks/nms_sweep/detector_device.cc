#include "benchmarks/nms_sweep/detector_device.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <c10/core/InferenceMode.h>

#include <cstring>
#include <utility>

#include "core/error.h"
#include "core/files.h"
#include "data/decode.h"

namespace eyechart::benchmarks {

DetectorDevice::DetectorDevice(const detection::Detector& detector,
                               encoders::LoadedModel& model,
                               const detection::BoxExamples& examples,
                               const detection::DetectOptions& options)
    : detector_(detector),
      model_(model),
      examples_(examples),
      options_(options),
      bytes_(static_cast<std::size_t>(examples.size())) {
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

void DetectorDevice::Prepare(const LoadPlan& plan) {
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

void DetectorDevice::Run(const Query& query, StageRecorder& recorder) {
  const c10::InferenceMode inference;
  for (const std::int64_t sample : query.samples) {
    const detection::Canvas& canvas = detector_.canvas;
    last_ = {};
    maps_.clear();
    data::Image image;
    try {
      const auto span = recorder.Enter(kDecode);
      image = data::Decode(bytes_[static_cast<std::size_t>(sample)],
                           model_.preprocess.decode)
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
          image, last_.placing, canvas, model_.preprocess);
      pixels = at::empty({1, 3, canvas.height, canvas.width});
      std::memcpy(pixels.mutable_data_ptr<float>(), made.values.data(),
                  made.values.size() * sizeof(float));
    }
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
    last_.boxes = detector_.head->Detect(maps_, options_).front();
  }
}

detection::FoundBoxes DetectorDevice::Again(
    const detection::DetectOptions& options) const {
  EYECHART_CHECK(!maps_.empty(), "no picture was read");
  const c10::InferenceMode inference;
  return detector_.head->Detect(maps_, options).front();
}

}  // namespace eyechart::benchmarks
