// Tensors between the host and a device that computes by itself, without the
// host waiting for it.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>
#include <c10/core/Event.h>
#include <c10/core/Stream.h>

#include <cstdint>
#include <deque>
#include <span>
#include <vector>

namespace eyechart::probes {

/// `x` where it lies on `device`, else a copy there; from pinned memory the
/// host does not wait for it. `x` may be dropped at once.
at::Tensor OnDevice(const at::Tensor& x, c10::Device device);

/// A copy on the host.
at::Tensor HostCopy(const at::Tensor& x);

/// float32 (n) on `device`.
at::Tensor FloatsOn(std::span<const double> values, c10::Device device);

/// Memory on the host, uninitialised, that copies to `device` read fastest:
/// pinned for CUDA, where the host has some left.
at::Tensor HostMemory(at::IntArrayRef shape,
                      c10::ScalarType dtype,
                      c10::Device device);

/// Reached when the CUDA device `device` has done all that its current stream
/// was given so far.
c10::Event MarkOf(c10::Device device);

/// Bytes of `device` that nothing has taken; 0 where that is not known.
std::int64_t FreeBytes(c10::Device device);

/// While it lives, CUDA's float32 products on any thread keep all their bits:
/// heads and neighbours are compared with the CPU's, whatever the encoder was
/// allowed. Does nothing for another device.
class FullPrecision {
 public:
  explicit FullPrecision(c10::Device device);
  ~FullPrecision();
  FullPrecision(const FullPrecision&) = delete;
  FullPrecision& operator=(const FullPrecision&) = delete;

 private:
  bool lifted_ = false;
};

/// Keeps the host from running ahead of a device without bound, each step ahead
/// holding a batch. Does nothing for the CPU.
class StepThrottle {
 public:
  /// Marks the end of what was given to `device` so far; waits until at most
  /// kAhead such marks are not reached.
  void Mark(c10::Device device);

 private:
  static constexpr std::size_t kAhead = 2;
  std::deque<c10::Event> marks_;
};

/// Copies to a device on a stream of their own, so that a batch goes up while
/// the one before is computed on.
class Uploader {
 public:
  explicit Uploader(c10::Device device);

  /// As OnDevice; the device's current stream may use the copy.
  at::Tensor Up(const at::Tensor& x) const;

 private:
  c10::Device device_;
  std::vector<c10::Stream> stream_;  // one for CUDA, else none
};

}  // namespace eyechart::probes
