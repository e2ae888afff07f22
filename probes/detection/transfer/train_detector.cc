#include "probes/detection/transfer/train_detector.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/stack.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <optional>
#include <tuple>

#include "core/csv.h"
#include "core/error.h"
#include "core/interrupt.h"
#include "probes/detection/ema.h"
#include "probes/detection/head_optimizer.h"
#include "probes/detection/transfer/kept_looks.h"
#include "probes/detection/transfer/train_state.h"
#include "probes/heads/tensor_file.h"
#include "probes/heads/train_grid.h"

namespace eyechart::detection {
namespace {

using Clock = std::chrono::steady_clock;

// Rows of the log between two looks, so that a curve has a shape.
constexpr std::int64_t kRowsALook = 5;
constexpr double kNotLooked = std::numeric_limits<double>::quiet_NaN();

// The step after which the i-th of n even parts of a run ends.
bool IsEndOfPart(std::int64_t step, std::int64_t steps, std::int64_t parts) {
  parts = std::clamp<std::int64_t>(parts, 1, steps);
  return step * parts / steps > (step - 1) * parts / steps;
}

double SecondsSince(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

// `known`, then what else there is now.
std::vector<std::string> Union(std::vector<std::string> known,
                               const std::vector<std::string>& now) {
  for (const std::string& one : now)
    if (std::find(known.begin(), known.end(), one) == known.end())
      known.push_back(one);
  return known;
}

class Run {
 public:
  Run(DetectionHead& head,
      MapSource& source,
      const ValidateDetector& validate,
      const TrainDetectorOptions& options)
      : head_(head),
        source_(source),
        validate_(validate),
        options_(options),
        optimizer_(OptimizerOf(options)),
        trained_(head.Parameters()) {
    const NamedTensors beside = head.TrainingParameters();
    trained_.insert(trained_.end(), beside.begin(), beside.end());
    optimizer_.Add(trained_);
    if (source.blocks() != nullptr) {
      const NamedTensors blocks = BlockParameters(*source.blocks());
      optimizer_.Add(blocks, options.unfreeze_rate_factor);
      trained_.insert(trained_.end(), blocks.begin(), blocks.end());
    }
    if (options.average > 0)
      average_.emplace(trained_, AverageOptions{.decay = options.average});
    RestoreTrainState(options.checkpoint, options.identity, state_, trained_,
                      optimizer_, Average());
    before_ = {state_.seconds, state_.problems, state_.validation_problems};
    if (!options.kept_looks.empty() && options.patience <= 0 &&
        source.blocks() == nullptr)
      kept_looks_.emplace(options.kept_looks, options.kept_identity);
  }

  TrainedDetector Train(Progress& progress) {
    TrainedDetector trained;
    if (state_.ended) {
      progress.Note(options_.checkpoint.string() +
                    ": trained to its end before: taken as it is");
    } else if (!TakeKept(progress)) {
      trained.steps_here = TakeSteps(progress);
      if (average_) average_->Swap();
      Finish();
    }
    // Of what had ended too: it may have been cut off between the two.
    if (kept_looks_ && HasAllLooks(state_.log))
      kept_looks_->End({state_.log, state_.seconds, state_.problems});
    trained.steps = state_.step;
    trained.stopped_early = state_.step < options_.steps;
    trained.best_step = state_.best_step;
    trained.validation_ap = trained.best_step > 0 ? state_.best
                            : state_.log.empty()
                                ? kNotLooked
                                : state_.log.back().validation_ap;
    trained.log = std::move(state_.log);
    trained.seconds = state_.seconds;
    trained.problems = std::move(state_.problems);
    trained.validation_problems = std::move(state_.validation_problems);
    return trained;
  }

 private:
  static HeadOptimizerOptions OptimizerOf(const TrainDetectorOptions& options) {
    HeadOptimizerOptions made;
    made.rate = options.rate;
    made.decay = options.decay;
    made.clip = options.clip;
    made.schedule = {options.steps, std::min(options.warmup, options.steps / 2),
                     0};
    return made;
  }

  MovingAverage* Average() { return average_ ? &*average_ : nullptr; }

  // Whether the weights after `step` are looked at. Without pictures to judge
  // them by, the last are.
  bool IsLook(std::int64_t step) const {
    return validate_ ? IsEndOfPart(step, options_.steps, options_.looks)
                     : step == options_.steps;
  }

  // Whether it is the log of a whole run that has kept what it looked at.
  bool HasAllLooks(const std::vector<TrainLogRow>& log) const {
    return !log.empty() && log.back().step == options_.steps &&
           std::all_of(log.begin(), log.end(), [&](const TrainLogRow& row) {
             return !IsLook(row.step) || !row.kept.empty();
           });
  }

  // Judges what a run that was the same but for that has kept, in place of
  // training; false where there is no such run.
  bool TakeKept(Progress& progress) {
    if (!kept_looks_) return false;
    std::optional<EndedTraining> ended = kept_looks_->Ended(trained_);
    if (!ended || !HasAllLooks(ended->log)) return false;
    // What an interrupted run of our own had come to is nothing beside it.
    state_ = {};
    state_.step = options_.steps;
    state_.log = std::move(ended->log);
    for (const auto& [name, value] : state_.log.back().losses)
      state_.terms.push_back(name);
    before_ = {ended->seconds, std::move(ended->problems), {}};
    taken_ = true;
    const std::int64_t tried = JudgeLooks(progress);
    progress.Note(
        fmt::format("trained before, for another cell: {} looks tried", tried));
    Finish();
    return true;
  }

  // Each of the log's looks in turn, the last of which stays in the head;
  // returns how many there were to judge.
  std::int64_t JudgeLooks(Progress& progress) {
    std::int64_t looks = 0, tried = 0;
    if (validate_)
      looks = std::count_if(
          state_.log.begin(), state_.log.end(),
          [&](const TrainLogRow& row) { return IsLook(row.step); });
    progress.Begin("trying looks", looks);
    for (TrainLogRow& row : state_.log) {
      if (!IsLook(row.step)) continue;
      CopyInto(trained_, kept_looks_->WeightsOf(row.step), "a kept look");
      if (!validate_) continue;
      Judge(row);
      progress.Update(++tried);
      ThrowIfInterrupted();
    }
    progress.End();
    return tried;
  }

  // Until the last one, or until looks get no better; returns how many.
  std::int64_t TakeSteps(Progress& progress) {
    const std::int64_t first = state_.step;
    Clock::time_point saved = Clock::now();
    progress.Begin("training", options_.steps);
    while (state_.step < options_.steps &&
           (options_.patience <= 0 || state_.looks_since < options_.patience)) {
      Step();
      if (IsEndOfPart(state_.step, options_.steps, kRowsALook * options_.looks))
        WriteRow();
      progress.Update(state_.step);
      if (SecondsSince(saved) > options_.checkpoint_seconds ||
          InterruptSignal() != 0) {
        Save();
        saved = Clock::now();
      }
      ThrowIfInterrupted();
    }
    progress.End();
    return state_.step - first;
  }

  void Step() {
    const std::int64_t rows = source_.examples().size();
    const probes::Batch batch = probes::BatchOf(
        rows, std::min(options_.batch, rows), options_.seed, state_.step);
    const auto* index = batch.index.const_data_ptr<std::int64_t>();
    const MapBatch made =
        source_.Load({index, index + batch.index.numel()}, batch.epoch);
    at::Tensor loss;
    std::vector<at::Tensor> told;
    state_.terms.clear();
    for (const LossTerm& term :
         head_.Losses(made.maps, made.targets,
                      static_cast<std::uint64_t>(state_.step))) {
      loss = loss.defined() ? loss + term.value : term.value;
      state_.terms.push_back(term.name);
      told.push_back(term.value.detach());
    }
    told.push_back(loss.detach());
    // All at once: a device is waited for a single time.
    std::vector<double> values = probes::ValuesOf(at::stack(told).cpu());
    EYECHART_REQUIRE(
        std::isfinite(values.back()),
        "the loss of step {} is not finite ({}): give a smaller --rate, or "
        "look for features that are not finite with eyechart encode",
        state_.step + 1, values.back());
    values.pop_back();
    loss.backward();
    // The gradient's norm, then the terms.
    values.insert(values.begin(), optimizer_.Step(state_.step));
    if (average_) average_->Update();
    ++state_.step;
    state_.sums.resize(values.size(), 0);
    for (std::size_t i = 0; i < values.size(); ++i) state_.sums[i] += values[i];
    ++state_.summed;
  }

  void WriteRow() {
    const auto mean = [&](std::size_t i) {
      return state_.sums[i] / static_cast<double>(state_.summed);
    };
    TrainLogRow row;
    row.step = state_.step;
    row.rate = probes::RateAt(OptimizerOf(options_).schedule, options_.rate,
                              state_.step - 1);
    row.norm = mean(0);
    for (std::size_t i = 0; i < state_.terms.size(); ++i)
      row.losses.emplace_back(state_.terms[i], mean(i + 1));
    row.validation_ap = row.validation_ap50 = kNotLooked;
    if (IsLook(state_.step)) Look(row);
    state_.log.push_back(std::move(row));
    state_.sums.clear();
    state_.summed = 0;
  }

  void Look(TrainLogRow& row) {
    std::optional<AveragedWeights> averaged;
    if (average_) averaged.emplace(*average_);
    if (kept_looks_) row.kept = kept_looks_->Keep(state_.step, trained_);
    if (validate_) Judge(row);
  }

  // By the weights that stand in the head.
  void Judge(TrainLogRow& row) {
    std::tie(row.validation_ap, row.validation_ap50) = validate_(head_);
    ++state_.looks_since;
    if (row.validation_ap <= state_.best) return;
    state_.best = row.validation_ap;
    state_.best_step = row.step;
    state_.looks_since = 0;
    if (!options_.keep_best) return;
    state_.best_weights.clear();
    for (const auto& [name, tensor] : trained_)
      state_.best_weights.emplace_back(name, tensor.detach().clone());
  }

  // What was trained, as it is kept; the last weights stand in the head.
  void Finish() {
    if (state_.best_weights.empty())
      state_.best_step = 0;
    else
      CopyInto(trained_, state_.best_weights, "the best look");
    state_.best_weights.clear();
    state_.ended = true;
    Save();
  }

  void Save() {
    state_.seconds = before_.seconds + (taken_ ? 0 : SecondsSince(begin_));
    state_.problems = Union(before_.problems, source_.problems());
    if (options_.validation != nullptr)
      state_.validation_problems =
          Union(before_.validation_problems, options_.validation->problems());
    if (options_.checkpoint.empty()) return;
    SaveTrainState(options_.checkpoint, options_.identity, state_, trained_,
                   optimizer_, Average());
  }

  // What earlier calls left.
  struct Before {
    double seconds = 0;
    std::vector<std::string> problems;
    std::vector<std::string> validation_problems;
  };

  DetectionHead& head_;
  MapSource& source_;
  const ValidateDetector& validate_;
  const TrainDetectorOptions options_;
  HeadOptimizer optimizer_;
  NamedTensors trained_;  // parameters of the head, then of the blocks
  std::optional<MovingAverage> average_;
  TrainState state_;
  Before before_;
  std::optional<KeptLooks> kept_looks_;
  bool taken_ = false;  // what another run kept, without a step
  const Clock::time_point begin_ = Clock::now();
};

std::string Number(double value) {
  return std::isfinite(value) ? fmt::format("{:.6g}", value) : "";
}

}  // namespace

NamedTensors BlockParameters(const encoders::TrainableBlocks& blocks) {
  NamedTensors all;
  for (const auto& [name, tensor] : blocks.Parameters())
    all.emplace_back("blocks." + name, tensor);
  return all;
}

TrainedDetector TrainDetector(DetectionHead& head,
                              MapSource& source,
                              const ValidateDetector& validate,
                              const TrainDetectorOptions& options,
                              Progress& progress) {
  EYECHART_CHECK(options.steps > 0 && options.batch > 0 && options.rate > 0 &&
                     options.looks > 0,
                 "{} steps of {} pictures at rate {}, {} looks", options.steps,
                 options.batch, options.rate, options.looks);
  return Run(head, source, validate, options).Train(progress);
}

std::string LogToCsv(const std::vector<TrainLogRow>& log) {
  std::vector<std::string> header = {"step", "rate", "gradient_norm", "loss"};
  if (!log.empty())
    for (const auto& [name, value] : log.front().losses)
      header.push_back("loss_" + name);
  header.insert(header.end(), {"validation_ap", "validation_ap50"});
  std::string text = CsvLine(header);
  for (const TrainLogRow& row : log) {
    double loss = 0;
    std::vector<std::string> terms;
    for (const auto& [name, value] : row.losses) {
      loss += value;
      terms.push_back(Number(value));
    }
    std::vector<std::string> fields = {std::to_string(row.step),
                                       Number(row.rate), Number(row.norm),
                                       Number(loss)};
    fields.insert(fields.end(), terms.begin(), terms.end());
    fields.insert(fields.end(),
                  {Number(row.validation_ap), Number(row.validation_ap50)});
    text += CsvLine(fields);
  }
  return text;
}

}  // namespace eyechart::detection
