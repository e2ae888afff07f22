#include "probes/heads/train_grid.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/tensor.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numeric>
#include <utility>

#include "core/error.h"
#include "core/files.h"
#include "core/hash.h"
#include "core/interrupt.h"
#include "core/random.h"
#include "probes/heads/device_tensors.h"
#include "probes/heads/tensor_file.h"

namespace eyechart::probes {
namespace {

namespace fs = std::filesystem;

std::vector<std::int64_t> OrderOf(std::int64_t rows,
                                  std::uint64_t seed,
                                  std::int64_t epoch) {
  std::vector<std::int64_t> order(static_cast<std::size_t>(rows));
  std::iota(order.begin(), order.end(), 0);
  Random random(seed, static_cast<std::uint64_t>(epoch));
  for (std::size_t i = order.size(); i > 1; --i)
    std::swap(order[i - 1], order[random.Below(i)]);
  return order;
}

// What a run has come to; a checkpoint holds all of it.
struct Progressed {
  std::int64_t step = 0;
  TrainResult result;
};

void Save(HeadGrid& grid,
          const Progressed& state,
          const TrainOptions& options) {
  NamedTensors tensors = {
      {"step", at::tensor({state.step})},
      {"identity", TextTensor(Sha256Hex(options.identity))}};
  for (auto& [name, tensor] : grid.State())
    tensors.emplace_back("grid." + name, tensor);
  const TrainResult& result = state.result;
  for (std::size_t i = 0; i < result.curve.size(); ++i) {
    const CurvePoint& point = result.curve[i];
    const std::string prefix = fmt::format("curve.{}.", i);
    tensors.emplace_back(prefix + "step", at::tensor({point.step}));
    tensors.emplace_back(prefix + "loss", at::tensor(point.loss, at::kDouble));
    if (!point.validation.empty())
      tensors.emplace_back(prefix + "validation",
                           at::tensor(point.validation, at::kDouble));
  }
  if (!result.best.empty()) {
    tensors.emplace_back("best_look", at::tensor(result.best_look, at::kLong));
    for (std::size_t g = 0; g < result.best.size(); ++g)
      for (const auto& [name, tensor] : result.best[g])
        tensors.emplace_back(fmt::format("best.{}.{}", g, name), tensor);
  }
  CreateFolder(options.checkpoint.parent_path());
  WriteTensors(options.checkpoint, tensors);
}

Progressed Resume(HeadGrid& grid, const TrainOptions& options) {
  Progressed state;
  if (options.checkpoint.empty() || !fs::exists(options.checkpoint))
    return state;
  const std::string source = options.checkpoint.string();
  const NamedTensors tensors = ReadTensors(options.checkpoint);
  const auto find = [&](const std::string& name) -> const at::Tensor& {
    return FindTensor(tensors, name, source);
  };
  EYECHART_REQUIRE(
      at::equal(find("identity"), TextTensor(Sha256Hex(options.identity))),
      "{}: the checkpoint of a run with other data or settings; remove it or "
      "write to another folder",
      source);
  state.step = find("step").item<std::int64_t>();
  for (auto& [name, tensor] : grid.State()) {
    const at::Tensor& found = find("grid." + name);
    EYECHART_REQUIRE(found.sizes() == tensor.sizes(),
                     "{}: tensor grid.{} has another shape than this run's",
                     source, name);
    tensor.copy_(found);
  }
  TrainResult& result = state.result;
  for (std::size_t i = 0;; ++i) {
    const std::string prefix = fmt::format("curve.{}.", i);
    const bool there = std::any_of(
        tensors.begin(), tensors.end(),
        [&](const auto& one) { return one.first == prefix + "step"; });
    if (!there) break;
    CurvePoint point;
    point.step = find(prefix + "step").item<std::int64_t>();
    point.loss = ValuesOf(find(prefix + "loss"));
    for (const auto& [name, tensor] : tensors)
      if (name == prefix + "validation") point.validation = ValuesOf(tensor);
    result.curve.push_back(std::move(point));
  }
  if (options.keep_best && !result.curve.empty()) {
    const at::Tensor looks = find("best_look").contiguous();
    const auto* data = looks.const_data_ptr<std::int64_t>();
    result.best_look.assign(data, data + looks.numel());
    result.best.resize(result.best_look.size());
    for (std::size_t g = 0; g < result.best.size(); ++g)
      for (const auto& [name, tensor] : grid.Head(static_cast<std::int64_t>(g)))
        result.best[g].emplace_back(name,
                                    find(fmt::format("best.{}.{}", g, name)));
  }
  return state;
}

void Look(const HeadGrid& grid,
          const Validate& validate,
          const at::Tensor& loss,
          const TrainOptions& options,
          Progressed& state) {
  CurvePoint point;
  point.step = state.step;
  point.loss = ValuesOf(loss);
  EYECHART_REQUIRE(
      std::any_of(point.loss.begin(), point.loss.end(),
                  [](double value) { return std::isfinite(value); }),
      "training: after {} steps no head's loss is a finite number; the "
      "features "
      "may be out of any ordinary scale",
      state.step);
  if (validate) point.validation = validate(grid);
  TrainResult& result = state.result;
  result.curve.push_back(point);
  if (!options.keep_best || !validate) return;
  const std::size_t heads = point.validation.size();
  result.best.resize(heads);
  result.best_look.resize(heads, -1);
  for (std::size_t g = 0; g < heads; ++g) {
    const std::int64_t so_far = result.best_look[g];
    if (so_far >= 0 &&
        !(point.validation[g] >
          result.curve[static_cast<std::size_t>(so_far)].validation[g]))
      continue;
    result.best_look[g] = static_cast<std::int64_t>(result.curve.size()) - 1;
    result.best[g] = grid.Head(static_cast<std::int64_t>(g));
  }
}

}  // namespace

BatchOrder::BatchOrder(std::int64_t rows,
                       std::int64_t batch,
                       std::uint64_t seed)
    : rows_(rows), batch_(batch), seed_(seed) {
  EYECHART_CHECK(rows > 0 && batch > 0 && batch <= rows, "batch {} of {} rows",
                 batch, rows);
}

Batch BatchOrder::At(std::int64_t step) {
  EYECHART_CHECK(step >= 0, "step {}", step);
  Batch made;
  made.index = at::empty({batch_}, at::kLong);
  auto* out = made.index.mutable_data_ptr<std::int64_t>();
  std::int64_t at = step * batch_;
  made.epoch = at / rows_;
  for (std::int64_t i = 0; i < batch_; ++i, ++at) {
    if (at / rows_ != epoch_) {
      epoch_ = at / rows_;
      order_ = OrderOf(rows_, seed_, epoch_);
    }
    out[i] = order_[static_cast<std::size_t>(at % rows_)];
  }
  return made;
}

Batch BatchOf(std::int64_t rows,
              std::int64_t batch,
              std::uint64_t seed,
              std::int64_t step) {
  return BatchOrder(rows, batch, seed).At(step);
}

TrainResult TrainGrid(HeadGrid& grid,
                      BatchSource& source,
                      const Validate& validate,
                      const TrainOptions& options,
                      Progress& progress) {
  EYECHART_CHECK(options.steps > 0 && options.batch > 0 && source.size() > 0,
                 "{} steps of {} rows of {}", options.steps, options.batch,
                 source.size());
  const std::int64_t batch = std::min(options.batch, source.size());
  const std::int64_t every =
      options.look_every > 0 ? options.look_every : options.steps;
  Progressed state = Resume(grid, options);
  using Clock = std::chrono::steady_clock;
  Clock::time_point saved = Clock::now();
  BatchOrder order(source.size(), batch, options.seed);
  StepThrottle throttle;
  progress.Begin(fmt::format("training {} heads", grid.size()), options.steps);
  while (state.step < options.steps) {
    const Batch rows = order.At(state.step);
    const at::Tensor x = source.Load(rows.index, rows.epoch);
    const at::Tensor loss =
        grid.Step(x, source.targets().Rows(rows.index), state.step);
    throttle.Mark(loss.device());
    ++state.step;
    ++state.result.steps_done;
    if (state.step % every == 0 || state.step == options.steps)
      Look(grid, validate, loss, options, state);
    progress.Update(state.step);
    if (options.checkpoint.empty()) {
      ThrowIfInterrupted();
      continue;
    }
    const bool due =
        std::chrono::duration<double>(Clock::now() - saved).count() >
        options.checkpoint_seconds;
    if (due || InterruptSignal() != 0) {
      Save(grid, state, options);
      saved = Clock::now();
      ThrowIfInterrupted();
    }
  }
  progress.End();
  if (!options.checkpoint.empty()) {
    std::error_code ignored;
    fs::remove(options.checkpoint, ignored);
  }
  return std::move(state.result);
}

}  // namespace eyechart::probes
