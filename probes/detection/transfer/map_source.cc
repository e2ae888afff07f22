#include "probes/detection/transfer/map_source.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <cstring>
#include <future>
#include <numeric>
#include <utility>

#include "core/error.h"
#include "core/interrupt.h"
#include "core/parallel.h"
#include "probes/detection/device_copy.h"

namespace eyechart::detection {
namespace {

std::uint64_t SeedOf(std::uint64_t seed, std::int64_t variant) {
  return seed ^
         (0x9e3779b97f4a7c15ULL * static_cast<std::uint64_t>(variant + 1));
}

// Rounded to half the memory where no value is too large for that.
at::Tensor Smaller(const at::Tensor& map) {
  at::Tensor half = map.to(at::kHalf);
  return half.isfinite().all().item<bool>() ? half : map.clone();
}

BoxTargets NoTargets() {
  return {at::zeros({0, 4}), at::zeros({0}, at::kLong), {}};
}

}  // namespace

struct MapSource::Prepared {
  at::Tensor pixels;  // (B, 3, H, W)
  std::vector<Made> made;
};

MapSource::MapSource(encoders::LoadedModel& model,
                     const BoxExamples& examples,
                     const MapSourceOptions& options)
    : model_(model), examples_(examples), options_(options) {
  EYECHART_CHECK(!options.keep || options.variants > 0,
                 "maps of every epoch cannot be kept");
  EYECHART_REQUIRE(
      !options.own_stages || model.encoder->info().pyramid.size() > 1,
      "--stages own: {} has no stages of its own; leave it at last",
      model.encoder->info().family);
  const Canvas& canvas = options.canvas;
  const at::NoGradGuard no_grad;
  const std::vector<at::Tensor> blank =
      Encode(at::zeros({1, 3, canvas.height, canvas.width}));
  for (const at::Tensor& one : blank) values_ += one.numel();
  for (const at::Tensor& map : MapsOf(blank)) {
    const std::int64_t stride = canvas.width / map.size(3);
    EYECHART_REQUIRE(stride * map.size(3) == canvas.width &&
                         stride * map.size(2) == canvas.height,
                     "an input of {} x {} gives a map of {} x {}: choose a "
                     "--resolution that is a multiple of the patch size",
                     canvas.height, canvas.width, map.size(2), map.size(3));
    levels_.push_back({map.size(1), static_cast<int>(stride)});
  }
}

MapSource::~MapSource() = default;

std::int64_t MapSource::BytesToKeep(std::int64_t examples,
                                    std::int64_t variants) const {
  return 2 * values_ * examples * variants;
}

std::vector<at::Tensor> MapSource::Encode(const at::Tensor& pixels) const {
  std::vector<at::Tensor> encoded;
  {
    const c10::InferenceMode inference;
    encoders::EncodeRequest request;
    if (options_.blocks != nullptr)
      request.before_last = options_.blocks->count();
    else
      request.feature_map = !options_.own_stages;
    request.pyramid = options_.own_stages;
    encoders::Features features =
        model_.encoder->Encode(OnDevice(pixels, model_.device), request);
    if (options_.blocks != nullptr)
      encoded = {features.hidden};
    else if (options_.own_stages)
      encoded = features.pyramid;
    else
      encoded = {features.feature_map};
  }
  // Inference tensors cannot take part in what gradients are traced through.
  for (at::Tensor& one : encoded)
    one = at::empty(one.sizes(),
                    at::TensorOptions(at::kFloat).device(model_.device))
              .copy_(one);
  return encoded;
}

std::vector<at::Tensor> MapSource::MapsOf(
    std::vector<at::Tensor> encoded) const {
  if (options_.blocks == nullptr) return encoded;
  const std::int64_t patch = model_.encoder->info().patch_size;
  return {
      options_.blocks->Map(encoded.front(), options_.canvas.height / patch)};
}

MapSource::Prepared MapSource::Prepare(const std::vector<std::int64_t>& index,
                                       std::int64_t variant) const {
  const Canvas& canvas = options_.canvas;
  const auto count = static_cast<std::int64_t>(index.size());
  Prepared prepared;
  // Pinned for CUDA, so that they are sent without a stop.
  prepared.pixels =
      at::empty({count, 3, canvas.height, canvas.width},
                at::TensorOptions(at::kFloat)
                    .pinned_memory(model_.device.is_cuda() && count > 0));
  prepared.made.resize(index.size());
  auto* out = prepared.pixels.mutable_data_ptr<float>();
  const std::int64_t plane = std::int64_t{3} * canvas.height * canvas.width;
  ParallelFor(index.size(), options_.workers, [&](std::size_t at, int) {
    const auto i = static_cast<std::int64_t>(at);
    const std::int64_t example = index[static_cast<std::size_t>(i)];
    Made& made = prepared.made[static_cast<std::size_t>(i)];
    float* pixels_out = out + i * plane;
    data::Image image;
    try {
      image = examples_.Read(example, model_.preprocess.decode);
    } catch (const InputError& unreadable) {
      made.problem = unreadable.what();
      made.targets = NoTargets();
      std::fill_n(pixels_out, plane, 0.0f);
      return;
    }
    made.size = {image.height, image.width};
    if (options_.jitter) {
      // A stream for each (variant, picture), whatever thread draws it.
      Random random(SeedOf(options_.seed, variant), examples_.image(example));
      made.placing = DrawPlacing(image.width, image.height, canvas,
                                 *options_.jitter, random);
    } else {
      made.placing = PlaceWhole(image.width, image.height, canvas);
    }
    made.targets = examples_.Targets(example, made.placing, canvas, image.width,
                                     image.height);
    const data::Pixels pixels =
        RenderPixels(image, made.placing, canvas, model_.preprocess);
    std::memcpy(pixels_out, pixels.values.data(),
                static_cast<std::size_t>(plane) * sizeof(float));
  });
  return prepared;
}

std::vector<MapSource::Made> MapSource::Make(
    const std::vector<std::int64_t>& index, std::int64_t variant) {
  const auto n = static_cast<std::int64_t>(index.size());
  std::vector<Made> all;
  // The next pictures are made ready while the model computes.
  std::future<Prepared> next;
  const auto prepare = [&](std::int64_t begin) {
    const auto from = index.begin() + begin;
    next = std::async(std::launch::async,
                      [this, variant,
                       piece = std::vector<std::int64_t>(
                           from, from + std::min(options_.batch, n - begin))] {
                        return Prepare(piece, variant);
                      });
  };
  if (n > 0) prepare(0);
  for (std::int64_t begin = 0; begin < n; begin += options_.batch) {
    ThrowIfInterrupted();
    Prepared prepared = next.get();
    if (begin + options_.batch < n) prepare(begin + options_.batch);
    const std::vector<at::Tensor> maps = Encode(prepared.pixels);
    for (std::size_t i = 0; i < prepared.made.size(); ++i) {
      for (const at::Tensor& map : maps)
        prepared.made[i].maps.push_back(map[static_cast<std::int64_t>(i)]);
      if (!prepared.made[i].problem.empty())
        problems_[examples_.image(index[static_cast<std::size_t>(begin) + i])] =
            prepared.made[i].problem;
      all.push_back(std::move(prepared.made[i]));
    }
  }
  return all;
}

at::Tensor MapSource::Gather(const std::vector<at::Tensor>& rows) const {
  const bool halves = std::all_of(
      rows.begin(), rows.end(),
      [](const at::Tensor& row) { return row.scalar_type() == at::kHalf; });
  std::vector<at::Tensor> alike = rows;
  // What is sent to a device goes in half the bytes.
  if (!halves || model_.device.is_cpu())
    for (at::Tensor& row : alike) row = row.to(at::kFloat);
  return OnDevice(at::stack(alike), model_.device).to(at::kFloat);
}

void MapSource::SetScale(const MapScale& scale) {
  scale_ = {};
  for (const at::Tensor& shift : scale.shift)
    scale_.shift.push_back(OnDevice(shift, model_.device));
  for (const at::Tensor& one : scale.scale)
    scale_.scale.push_back(OnDevice(one, model_.device));
}

MapBatch MapSource::Load(const std::vector<std::int64_t>& index,
                         std::int64_t epoch) {
  const std::int64_t variant =
      options_.variants > 0 ? epoch % options_.variants : epoch;
  std::vector<Made> fresh;
  std::vector<const Made*> batch(index.size());
  if (options_.keep) {
    const auto key = [&](std::int64_t example) {
      return variant * examples_.size() + example;
    };
    std::vector<std::int64_t> lacking;
    for (const std::int64_t example : index)
      if (!kept_.contains(key(example)) &&
          std::find(lacking.begin(), lacking.end(), example) == lacking.end())
        lacking.push_back(example);
    std::vector<Made> made = Make(lacking, variant);
    for (std::size_t i = 0; i < lacking.size(); ++i) {
      for (at::Tensor& map : made[i].maps)
        map = Smaller(map).to(options_.kept_on);
      kept_.emplace(key(lacking[i]), std::move(made[i]));
    }
    for (std::size_t i = 0; i < index.size(); ++i)
      batch[i] = &kept_.at(key(index[i]));
  } else {
    fresh = Make(index, variant);
    for (std::size_t i = 0; i < index.size(); ++i) batch[i] = &fresh[i];
  }
  std::vector<at::Tensor> encoded;
  for (std::size_t level = 0; level < levels_.size(); ++level) {
    std::vector<at::Tensor> rows;
    for (const Made* one : batch) rows.push_back(one->maps[level]);
    encoded.push_back(Gather(rows));
  }
  MapBatch made;
  made.maps = MapsOf(std::move(encoded));
  if (!scale_.shift.empty())
    for (std::size_t level = 0; level < levels_.size(); ++level)
      made.maps[level]
          .sub_(scale_.shift[level].view({1, -1, 1, 1}))
          .mul_(scale_.scale[level].view({1, -1, 1, 1}));
  for (const Made* one : batch) {
    made.targets.push_back(one->targets);
    made.placings.push_back(one->placing);
    made.sizes.push_back(one->size);
  }
  return made;
}

std::vector<std::string> MapSource::problems() const {
  std::vector<std::string> all;
  for (const auto& [image, problem] : problems_) all.push_back(problem);
  return all;
}

MapScale MapSource::MeasureScale(std::int64_t pictures) {
  const at::NoGradGuard no_grad;
  std::vector<std::int64_t> order(static_cast<std::size_t>(examples_.size()));
  std::iota(order.begin(), order.end(), 0);
  Random random(options_.seed, 1);
  for (std::size_t i = order.size(); i > 1; --i)
    std::swap(order[i - 1], order[random.Below(i)]);
  order.resize(std::min(order.size(), static_cast<std::size_t>(pictures)));
  scale_ = {};
  std::vector<at::Tensor> sums, squares;
  std::vector<double> cells;
  const auto wide = at::TensorOptions(at::kDouble).device(model_.device);
  for (const MapLevel& level : levels_) {
    sums.push_back(at::zeros({level.width}, wide));
    squares.push_back(at::zeros({level.width}, wide));
    cells.push_back(0);
  }
  for (std::size_t begin = 0; begin < order.size();) {
    const std::size_t end = std::min(
        order.size(), begin + static_cast<std::size_t>(options_.batch));
    const MapBatch batch =
        Load({order.begin() + static_cast<std::ptrdiff_t>(begin),
              order.begin() + static_cast<std::ptrdiff_t>(end)},
             0);
    for (std::size_t level = 0; level < levels_.size(); ++level) {
      const at::Tensor map = batch.maps[level].to(at::kDouble);
      sums[level] += map.sum({0, 2, 3});
      squares[level] += map.square().sum({0, 2, 3});
      cells[level] += static_cast<double>(map.numel() / map.size(1));
    }
    begin = end;
  }
  MapScale scale;
  for (std::size_t level = 0; level < levels_.size(); ++level) {
    const at::Tensor mean = sums[level] / cells[level];
    const at::Tensor variance =
        (squares[level] / cells[level] - mean.square()).clamp_min(0);
    // A channel that never changes is left at its mean, 0.
    const at::Tensor floor = 1e-6 * (mean.square() + variance).mean();
    scale.shift.push_back(mean.to(at::kFloat).cpu());
    scale.scale.push_back(
        (variance + floor + 1e-30).rsqrt().to(at::kFloat).cpu());
  }
  return scale;
}

}  // namespace eyechart::detection
