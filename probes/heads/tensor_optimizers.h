// The updates of optimizers.h in tensor operations, which run on any device and
// never wait for a value: what a GPU's heads are trained by. The order of the
// operations is that of the CPU's; their last bits may differ.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include <cstdint>
#include <span>

#include "probes/heads/optimizers.h"

namespace eyechart::probes {

/// SgdStep with `rates` (G) float32 beside the stack.
void SgdStepInTensors(const StackedSlope& stack,
                      const at::Tensor& velocity,
                      const at::Tensor& rates,
                      double momentum);

/// What AdamW's `step`th update from 0 multiplies each head's values by.
struct AdamWFactors {
  at::Tensor kept;   // (G) float32: 1 - rate decay
  at::Tensor rates;  // (G) float32: rate / (1 - beta1^updates)
  double root2 = 1;  // sqrt(1 - beta2^updates)
};

/// On `device`. `rates` and `decays` have one a head.
AdamWFactors AdamWFactorsOf(std::span<const double> rates,
                            std::span<const double> decays,
                            std::int64_t step,
                            const AdamWOptions& options,
                            c10::Device device);

/// AdamWStep; `scales` (G) float32, or not defined: 1.
void AdamWStepInTensors(const StackedSlope& stack,
                        const at::Tensor& first,
                        const at::Tensor& second,
                        const AdamWFactors& factors,
                        const at::Tensor& scales,
                        const AdamWOptions& options = {});

/// The squared length of each head's slopes over all stacks, (G) float64 beside
/// them.
at::Tensor SquaredLengths(std::span<const StackedSlope> stacks);

/// ClipScales as float32 (G) beside the stacks.
at::Tensor ClipScalesInTensors(std::span<const StackedSlope> stacks,
                               double most);

}  // namespace eyechart::probes
