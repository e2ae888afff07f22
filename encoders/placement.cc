#include "encoders/placement.h"

#include <ATen/Context.h>

#include "core/error.h"
#include "encoders/onednn.h"

namespace eyechart::encoders {

at::Tensor Placement::Put(const at::Tensor& tensor) const {
  if (!tensor.defined()) return tensor;
  const at::Tensor values = rounded == dtype ? tensor : tensor.to(rounded);
  return values.to(values.options().dtype(dtype).device(device)).contiguous();
}

Placement MakePlacement(c10::ScalarType dtype,
                        c10::Device device,
                        HalfUse half) {
  EYECHART_REQUIRE(
      dtype == c10::kFloat || dtype == c10::kBFloat16 || dtype == c10::kHalf,
      "encoders run in fp32, bf16 or fp16, not in {}", c10::toString(dtype));
  EYECHART_REQUIRE(device.is_cpu() || device.is_cuda(),
                   "device {} is not supported; there are cpu and cuda",
                   device.str());
  EYECHART_REQUIRE(!device.is_cuda() || at::globalContext().hasCUDA(),
                   "{}: no CUDA device is at hand; cpu always is",
                   device.str());
  Placement placement{dtype, device, dtype};
  const bool computes =
      half == HalfUse::kWhereItPays ? OneDnnPays(dtype) : OneDnnComputes(dtype);
  if (device.is_cpu() && !computes) placement.dtype = c10::kFloat;
  return placement;
}

}  // namespace eyechart::encoders
