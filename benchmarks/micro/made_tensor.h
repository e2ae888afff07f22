// Tensors from a seed, the same on every machine.
#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>

#include <cstdint>

#include "core/random.h"

namespace eyechart::benchmarks {

/// float32 on the CPU, uniform in [-0.5, 0.5).
inline at::Tensor MakeTensor(at::IntArrayRef shape, std::uint64_t seed) {
  Random random(seed);
  at::Tensor made = at::empty(shape, at::kFloat);
  float* values = made.mutable_data_ptr<float>();
  for (std::int64_t i = 0; i < made.numel(); ++i)
    values[i] = static_cast<float>(random.Uniform() - 0.5);
  return made;
}

}  // namespace eyechart::benchmarks
