// Where a model's weights and activations live, and what they are computed in.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>
#include <c10/core/ScalarType.h>

namespace eyechart::encoders {

struct Placement {
  /// Of activations, and of weights as they are multiplied.
  c10::ScalarType dtype = c10::kFloat;
  c10::Device device = c10::kCPU;
  /// What weights are rounded to first. Another than `dtype` on a CPU where
  /// half precision does not pay (OneDnnPays): without units for it, products
  /// of bf16 or fp16 are many times slower than float32's, with Intel's for
  /// bf16 alone twice. The rounded weights are computed with in float32 there,
  /// which is never less exact.
  c10::ScalarType rounded = c10::kFloat;

  /// `tensor` (float32 on the CPU) rounded, cast and moved; undefined stays.
  at::Tensor Put(const at::Tensor& tensor) const;
};

/// When a CPU computes in half precision, and not in float32 with weights that
/// are rounded to it.
enum class HalfUse {
  kWhereItPays,      // OneDnnPays
  kWhereItComputes,  // OneDnnComputes: for tests of that path
};

/// The placement for a model asked for in `dtype` on `device`. Throws
/// InputError for a dtype that no encoder takes, a device that is neither CPU
/// nor CUDA, and a CUDA device where there is none.
Placement MakePlacement(c10::ScalarType dtype,
                        c10::Device device,
                        HalfUse half = HalfUse::kWhereItPays);

}  // namespace eyechart::encoders
