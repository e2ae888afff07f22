#include "probes/detection/device_copy.h"

namespace eyechart::detection {

at::Tensor OnDevice(const at::Tensor& tensor, at::Device device) {
  if (tensor.device() == device) return tensor;
  if (!tensor.is_cpu() || !device.is_cuda() || tensor.numel() == 0)
    return tensor.to(device);
  // Pinned memory outlives its tensor until the copy is done: the allocator
  // sees to that.
  const at::Tensor pinned =
      tensor.is_pinned() ? tensor : tensor.contiguous().pin_memory();
  return pinned.to(device, tensor.scalar_type(), /*non_blocking=*/true);
}

}  // namespace eyechart::detection
