#include "probes/pipeline/live_source.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>

#include "core/error.h"
#include "core/interrupt.h"
#include "core/random.h"
#include "data/decode.h"
#include "encoders/batch_runner.h"

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
  std::atomic<std::int64_t> next = 0;
  std::exception_ptr error;
  std::mutex mutex;
  const auto work = [&] {
    try {
      for (std::int64_t i = next++; i < count; i = next++) {
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
      }
    } catch (...) {
      const std::lock_guard lock(mutex);
      if (!error) error = std::current_exception();
    }
  };
  const int workers =
      options_.workers > 0
          ? options_.workers
          : static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  std::vector<std::thread> threads;
  for (int i = 1; i < workers; ++i) threads.emplace_back(work);
  work();
  for (std::thread& thread : threads) thread.join();
  if (error) std::rethrow_exception(error);
  return pixels;
}

at::Tensor LiveSource::Load(const at::Tensor& index, std::int64_t epoch) {
  const at::Tensor wanted = index.contiguous();
  const auto* places = wanted.const_data_ptr<std::int64_t>();
  const std::int64_t n = index.size(0);
  std::vector<at::Tensor> features;
  const auto take = [&](const encoders::Features& made, std::int64_t) {
    features.push_back(
        (options_.tokens ? made.tokens : made.pooled).to(at::kFloat));
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
