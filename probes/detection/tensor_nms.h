// Non-maximum suppression of tensors, where they are.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "probes/detection/nms/nms.h"

namespace eyechart::detection {

/// Which boxes stay, best score first: int64 on the device of `boxes`.
/// boxes (N, 4) and scores (N) float32, classes (N) int64 (undefined with
/// kAgnostic), all on one device, CPU or CUDA.
///
/// On the CPU it is Nms (nms.h). On CUDA only torchvision's semantics are
/// there, those of its CUDA build: kAuto moves classes apart up to 100,000
/// coordinates; the threshold is rounded to float32, so that an IoU of 0.6f is
/// not above 0.6 as it is on the CPU; and of the two areas the worse box's is
/// not rounded before they are added (a fused multiply-add in its kernel).
///
/// Throws InputError for tensors of another device, type or shape, and for what
/// Nms refuses.
at::Tensor TensorNms(const at::Tensor& boxes,
                     const at::Tensor& scores,
                     const at::Tensor& classes,
                     const NmsOptions& options = {});

namespace internal {

/// What TensorNms does on CUDA, without a kernel of our own and on any device:
/// boxes in order of score, a block of rows at a time. A block's bit mask of
/// IoU > threshold is scanned on the host; what it keeps then strikes out later
/// boxes on the device. The kernels (nms_kernel.h) are tested against it.
at::Tensor BlockwiseNms(const at::Tensor& boxes,
                        const at::Tensor& scores,
                        const at::Tensor& classes,
                        const NmsOptions& options,
                        std::int64_t block_rows = 1024);

}  // namespace internal
}  // namespace eyechart::detection
