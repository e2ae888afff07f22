#include "probes/pipeline/live_source.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "core/error.h"
#include "core/interrupt.h"
#include "core/parallel.h"
#include "core/random.h"
#include "data/decode.h"
#include "encoders/batch_runner.h"
#include "probes/heads/device_tensors.h"

namespace eyechart::probes {
namespace {

encoders::BatchEngineOptions EngineOptions(const encoders::LoadedModel& model,
                                           const LiveOptions& options) {
  encoders::BatchEngineOptions engine;
  engine.device = model.device;
  engine.request.tokens = options.tokens;
  if (!options.tokens) engine.request.pool = model.pool;
  engine.tf32 = model.tf32;
  return engine;
}

}  // namespace

LiveSource::LiveSource(encoders::LoadedModel& model,
                       const data::Dataset& dataset,
                       std::vector<std::int64_t> rows,
                       Targets targets,
                       const LiveOptions& options)
    : model_(model),
      dataset_(dataset),
      rows_(std::move(rows)),
      targets_(std::move(targets)),
      options_(options),
      engine_(encoders::BatchEngine::Create(*model.encoder,
                                            EngineOptions(model, options))) {
  data::CheckAugment(options.augment);
  EYECHART_CHECK(size() == targets_.size(), "{} rows, {} targets", size(),
                 targets_.size());
}

at::Tensor LiveSource::Prepare(const std::vector<std::int64_t>& pictures,
                               std::int64_t epoch) const {
  const data::AugmentOptions& augment = options_.augment;
  const auto count = static_cast<std::int64_t>(pictures.size());
  at::Tensor pixels =
      engine_->HostPixels({count, 3, augment.height, augment.width});
  auto* out = pixels.mutable_data_ptr<float>();
  const std::int64_t plane = std::int64_t{3} * augment.height * augment.width;
  ParallelFor(pictures.size(), options_.workers, [&](std::size_t at, int) {
    const auto i = static_cast<std::int64_t>(at);
    const auto picture =
        static_cast<std::size_t>(pictures[static_cast<std::size_t>(i)]);
    const data::Decoded decoded =
        data::Decode(dataset_.Read(picture), model_.preprocess.decode);
    // A stream for each (epoch, picture), whatever thread draws it.
    Random random(options_.seed ^ (0x9e3779b97f4a7c15ULL *
                                   static_cast<std::uint64_t>(epoch + 1)),
                  picture);
    const data::Pixels made =
        data::Augment(decoded.image, model_.preprocess, augment, random);
    std::memcpy(out + i * plane, made.values.data(),
                static_cast<std::size_t>(plane) * sizeof(float));
  });
  return pixels;
}

at::Tensor LiveSource::Load(const at::Tensor& index, std::int64_t epoch) {
  const at::Tensor wanted = index.contiguous();
  const auto* places = wanted.const_data_ptr<std::int64_t>();
  const std::int64_t n = index.size(0);
  std::vector<at::Tensor> features;
  const auto take = [&](const encoders::Features& made, std::int64_t) {
    const at::Tensor& read = options_.tokens ? made.tokens : made.pooled;
    features.push_back(OnDevice(read, options_.device).to(at::kFloat));
  };
  encoders::BatchRunner runner(*engine_, {options_.batch, model_.device.str()});
  const auto piece = [&](std::int64_t begin) {
    std::vector<std::int64_t> pictures;
    for (std::int64_t i = begin; i < std::min(n, begin + options_.batch); ++i)
      pictures.push_back(rows_[static_cast<std::size_t>(places[i])]);
    return pictures;
  };
  // The next pictures are made ready while the model computes.
  std::future<at::Tensor> next;
  const auto prepare = [&](std::int64_t begin) {
    next =
        std::async(std::launch::async, [this, epoch, pictures = piece(begin)] {
          return Prepare(pictures, epoch);
        });
  };
  prepare(0);
  for (std::int64_t begin = 0; begin < n; begin += options_.batch) {
    ThrowIfInterrupted();
    const at::Tensor pixels = next.get();
    if (begin + options_.batch < n) prepare(begin + options_.batch);
    runner.Submit(pixels, take);
  }
  runner.Finish();
  return at::cat(features);
}

}  // namespace eyechart::probes
