// Tensors from the host to where a head is.
#pragma once

#include <ATen/core/Tensor.h>

namespace eyechart::detection {

/// `tensor` on `device`; the same tensor where it is there already. From the
/// host to CUDA it goes through pinned memory, so that the host does not wait
/// for what the device still computes.
at::Tensor OnDevice(const at::Tensor& tensor, at::Device device);

}  // namespace eyechart::detection
