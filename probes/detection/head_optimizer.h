// AdamW for a detection head's parameters.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "probes/detection/detection_head.h"
#include "probes/heads/optimizers.h"
#include "probes/heads/schedule.h"

namespace eyechart::detection {

struct HeadOptimizerOptions {
  /// Peak rate. 1e-3 suits a dense head of normed convolutions that starts from
  /// nothing; transformers' decoders are published with 1e-4 to 2e-4.
  double rate = 1e-3;
  /// Of weights; biases, norms and other vectors are not decayed.
  double decay = 1e-4;
  /// Norm over all parameters that gradients are cut to; 0: not cut.
  double clip = 10;
  probes::Schedule schedule;  // warm-up, then a cosine
  probes::AdamWOptions adam;
};

/// One optimiser over parameters that may be added in several groups, such as a
/// head's and an encoder's last blocks. They are contiguous float32 leaves on
/// one device; what has no gradient after a backward pass is left as it is.
/// Moments are on the parameters' device.
class HeadOptimizer {
 public:
  explicit HeadOptimizer(const HeadOptimizerOptions& options)
      : options_(options) {}

  /// Adds `parameters`, whose rate is `factor` times the options'.
  void Add(const NamedTensors& parameters, double factor = 1);

  /// Takes step `step` (from 0) by the gradients that backward() has left, and
  /// clears them. Returns their norm before it was cut. A norm that is not
  /// finite changes nothing: one bad batch does not spoil the run.
  double Step(std::int64_t step);

  /// Moments by parameter, "first.NAME" and "second.NAME": with the step, all
  /// that a resumed run needs. They share the object's memory.
  NamedTensors State() const;
  /// Takes such a state over. Throws InputError naming `source` where a tensor
  /// lacks or has another shape.
  void Restore(const NamedTensors& state, const std::string& source);

 private:
  struct Part {
    std::string name;
    at::Tensor values;
    at::Tensor first;
    at::Tensor second;
    double factor = 1;
    double decay = 0;
  };

  // Over all parts that have gradients.
  double GradientNorm() const;
  // Of parts with gradients, `scale` times theirs.
  void StepByLists(double rate, double scale, std::int64_t step);

  HeadOptimizerOptions options_;
  std::vector<Part> parts_;
};

namespace internal {

/// Parameters that share a rate and a decay, each with its gradient and
/// moments.
struct ParameterLists {
  std::vector<at::Tensor> values;
  std::vector<at::Tensor> slopes;
  std::vector<at::Tensor> first;
  std::vector<at::Tensor> second;
};

/// What a step does off the CPU, on any device: probes::AdamWStep by operators
/// that take all tensors of a list at a time; the same but for rounding.
/// `scale` is a factor of the slopes, which stay as they are.
void AdamWByLists(const ParameterLists& lists,
                  double rate,
                  double decay,
                  double scale,
                  std::int64_t step,
                  const probes::AdamWOptions& options);

}  // namespace internal

}  // namespace eyechart::detection
