// A forward pass on the device's current stream: called as it is, or on CUDA
// recorded as a graph and replayed.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include <functional>
#include <memory>
#include <string>

#include "encoders/image_encoder.h"

namespace eyechart::encoders {

/// For one thread at a time, all of whose calls come on one stream.
class ForwardPass {
 public:
  /// Features of pixels (B, 3, H, W); everything stays on the device.
  using Compute = std::function<Features(const at::Tensor& pixels)>;

  virtual ~ForwardPass() = default;

  /// What `compute` gives for `pixels`, which lie on the device. The features
  /// are the caller's own: later passes do not write over them.
  virtual Features Run(const at::Tensor& pixels) = 0;

  /// Gives back what was recorded, with its memory.
  virtual void DropGraphs() = 0;

  /// Why a graph could not be recorded; else empty.
  virtual std::string note() const = 0;

  /// With `cuda_graphs`, on CUDA: the pass of a batch size is recorded when it
  /// comes the second time and replayed from then on, on a stream other than
  /// the default one. Pictures have to be of one size; from the first of
  /// another one on all passes go without. Else: calls `compute`.
  static std::unique_ptr<ForwardPass> Create(Compute compute,
                                             const c10::Device& device,
                                             bool cuda_graphs);
};

/// Create for a CUDA device with graphs; there only where LibTorch is built
/// with CUDA.
std::unique_ptr<ForwardPass> CreateForwardGraphs(ForwardPass::Compute compute);

}  // namespace eyechart::encoders
