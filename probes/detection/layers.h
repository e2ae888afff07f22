// Layers that detection heads are made of, on maps that lie in memory cell by
// cell (channels last), which is what convolutions and norms here are fastest
// on.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "probes/detection/detection_head.h"

namespace eyechart::detection {

/// Makes a head's parameters: leaves that gradients are wanted of.
class ParameterMaker {
 public:
  /// Start values are drawn from the streams `first_stream`, + 1, ... of
  /// `seed`; parts of a head that share a seed want streams of their own. They
  /// are drawn on the CPU and then brought to `device`: a seed means the same
  /// on all devices.
  ParameterMaker(std::uint64_t seed,
                 std::uint64_t first_stream,
                 at::Device device = at::kCPU)
      : seed_(seed), stream_(first_stream), device_(device) {}

  /// Normal with mean 0; float32.
  at::Tensor Normal(const std::string& name,
                    const std::vector<std::int64_t>& shape,
                    double deviation);
  at::Tensor Constant(const std::string& name,
                      const std::vector<std::int64_t>& shape,
                      double value);

  const NamedTensors& made() const { return made_; }

 private:
  at::Tensor Add(const std::string& name, const at::Tensor& start);

  std::uint64_t seed_;
  std::uint64_t stream_;
  at::Device device_;
  NamedTensors made_;
};

/// (B, C, h, w) laid out channels last, with gradients allowed: what an encoder
/// gives in inference mode is copied.
at::Tensor ChannelsLast(const at::Tensor& map);

/// A 3 x 3 convolution that keeps h and w: `weight` (D, C, 3, 3), `bias` (D) or
/// undefined.
at::Tensor Conv3x3(const at::Tensor& map,
                   const at::Tensor& weight,
                   const at::Tensor& bias);

}  // namespace eyechart::detection
