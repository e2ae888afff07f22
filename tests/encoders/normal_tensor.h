// Tensors of random numbers, from the generator that a test is given.
#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>

#include <random>
#include <vector>

#include "tests/fixture.h"

namespace eyechart::testing {

/// Normal with mean 0, float32.
inline at::Tensor NormalTensor(const std::vector<std::int64_t>& shape,
                               float deviation = 1) {
  std::normal_distribution<float> normal(0, deviation);
  at::Tensor tensor = at::empty(shape, at::kFloat);
  auto* data = tensor.mutable_data_ptr<float>();
  for (std::int64_t i = 0; i < tensor.numel(); ++i) data[i] = normal(Rng());
  return tensor;
}

}  // namespace eyechart::testing
