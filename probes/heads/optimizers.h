// Optimiser steps of heads that lie stacked in one tensor, each with its own
// rate: kernels of their own on the CPU, tensor operations elsewhere
// (tensor_optimizers.h). Sources: Loshchilov and Hutter 2019 (AdamW); PyTorch's
// torch.optim for the order of the operations.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>
#include <vector>

namespace eyechart::probes {

/// A stack of parameters (G, ...) float32, contiguous, with its gradient, on
/// one device.
struct StackedSlope {
  at::Tensor values;
  at::Tensor slope;
};

/// SGD with momentum: velocity = momentum velocity + slope, values -= rate
/// velocity. `rates` has one a head; `velocity` is like `values`.
void SgdStep(const StackedSlope& stack,
             at::Tensor& velocity,
             std::span<const double> rates,
             double momentum);

struct AdamWOptions {
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
};

/// AdamW with decoupled decay, bias-corrected for the `step`th update from 0.
/// `first` and `second` are the moments, like `values`; `scales` (G) are
/// factors of the slopes (from ClipScales; empty: 1).
void AdamWStep(const StackedSlope& stack,
               at::Tensor& first,
               at::Tensor& second,
               std::span<const double> rates,
               std::span<const double> decays,
               std::span<const double> scales,
               std::int64_t step,
               const AdamWOptions& options = {});

/// What each head's slopes are multiplied by so that their norm over all
/// `stacks` together is at most `most`: min(1, most / (norm + 1e-6)), as
/// PyTorch's clip_grad_norm_ of one head alone. Waits for the device.
std::vector<double> ClipScales(std::span<const StackedSlope> stacks,
                               double most);

}  // namespace eyechart::probes
