// Root-mean-square normalisation in one pass over memory.
#pragma once

#include <ATen/core/Tensor.h>

namespace eyechart::encoders {

/// x / sqrt(mean(x^2) + epsilon) * weight over the last dimension, summed in
/// float32. x: (..., C) float32, bf16 or fp16 on the CPU; weight (C) float32 ->
/// x's shape and dtype. LibTorch's own is five operators one after the other.
/// Source: Zhang and Sennrich 2019, arXiv 1910.07467.
at::Tensor RmsNormCpu(const at::Tensor& x,
                      const at::Tensor& weight,
                      double epsilon);

}  // namespace eyechart::encoders
