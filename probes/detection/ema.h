// The moving average of a head's parameters: what is evaluated and kept.
#pragma once

#include <cstdint>

#include "probes/detection/detection_head.h"

namespace eyechart::detection {

struct AverageOptions {
  /// Share of the old average at each update, once warmed up: 0.998 remembers
  /// some 500 steps. Published recipes of 100,000 steps and more take 0.9998.
  double decay = 0.998;
  /// The first updates decay by min(decay, (1 + t) / (10 + t)), t = 0, 1, ...:
  /// an average over about the last tenth of the steps, in which the start
  /// values soon count for nothing.
  bool warm_up = true;
};

/// Averages of `parameters`, which it shares memory with, on their device; made
/// of their values at construction. average = d average + (1 - d) value, d as
/// above. Source: Polyak and Juditsky 1992; the warm-up is TensorFlow's
/// ExponentialMovingAverage with num_updates.
class MovingAverage {
 public:
  MovingAverage(NamedTensors parameters, const AverageOptions& options);

  /// After each step of the optimiser.
  void Update();

  /// The share that update `t` (from 0) leaves to the old average.
  double DecayAt(std::int64_t t) const;

  std::int64_t updates() const { return updates_; }

  /// The averages by the parameters' names, and "updates": all that a resumed
  /// run needs. They share the object's memory.
  NamedTensors State() const;
  /// Takes such a state over. Throws InputError naming `source` where a tensor
  /// lacks or has another shape.
  void Restore(const NamedTensors& state, const std::string& source);

  /// Exchanges averages and parameters: what reads the parameters then reads
  /// the averages, until it is called again.
  void Swap();

 private:
  NamedTensors parameters_;
  NamedTensors averages_;
  AverageOptions options_;
  std::int64_t updates_ = 0;
};

/// The averages stand in for the parameters as long as this lives.
class AveragedWeights {
 public:
  explicit AveragedWeights(MovingAverage& average) : average_(average) {
    average_.Swap();
  }
  ~AveragedWeights() { average_.Swap(); }
  AveragedWeights(const AveragedWeights&) = delete;
  AveragedWeights& operator=(const AveragedWeights&) = delete;

 private:
  MovingAverage& average_;
};

}  // namespace eyechart::detection
