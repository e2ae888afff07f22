#include "probes/heads/device_tensors.h"

#include <ATen/Context.h>
#include <ATen/DeviceAccelerator.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/tensor.h>
#include <c10/core/StreamGuard.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <c10/util/Exception.h>

namespace eyechart::probes {
namespace {

c10::Stream CurrentStream(c10::Device device) {
  return c10::impl::VirtualGuardImpl(device.type()).getStream(device);
}

}  // namespace

at::Tensor OnDevice(const at::Tensor& x, c10::Device device) {
  if (x.device() == device) return x;
  // Pinned memory is not given out again before the copy has read it, and of
  // other memory CUDA takes its own copy before it returns.
  return x.to(device, x.scalar_type(), /*non_blocking=*/true);
}

at::Tensor HostCopy(const at::Tensor& x) {
  return x.is_cpu() ? x.clone() : x.cpu();
}

at::Tensor FloatsOn(std::span<const double> values, c10::Device device) {
  at::Tensor host = HostMemory({static_cast<std::int64_t>(values.size())},
                               at::kFloat, device);
  auto* out = host.mutable_data_ptr<float>();
  for (const double value : values) *out++ = static_cast<float>(value);
  return OnDevice(host, device);
}

at::Tensor HostMemory(at::IntArrayRef shape,
                      c10::ScalarType dtype,
                      c10::Device device) {
  const auto options = at::TensorOptions().dtype(dtype);
  if (!device.is_cuda()) return at::empty(shape, options);
  try {
    return at::empty(shape, options.pinned_memory(true));
  } catch (const c10::Error&) {
    // The host limits locked memory: copies then wait, which is slow, not
    // wrong.
    return at::empty(shape, options);
  }
}

c10::Event MarkOf(c10::Device device) {
  c10::Event mark(device.type());
  mark.record(CurrentStream(device));
  return mark;
}

std::int64_t FreeBytes(c10::Device device) {
  if (!device.is_cuda()) return 0;
  try {
    return static_cast<std::int64_t>(
        at::accelerator::getMemoryInfo(device.index()).first);
  } catch (const c10::Error&) {
    return 0;
  }
}

FullPrecision::FullPrecision(c10::Device device) {
  if (!device.is_cuda() || !at::globalContext().allowTF32CuBLAS()) return;
  at::globalContext().setAllowTF32CuBLAS(false);
  lifted_ = true;
}

FullPrecision::~FullPrecision() {
  if (lifted_) at::globalContext().setAllowTF32CuBLAS(true);
}

void StepThrottle::Mark(c10::Device device) {
  if (!device.is_cuda()) return;
  marks_.push_back(MarkOf(device));
  if (marks_.size() <= kAhead) return;
  marks_.front().synchronize();
  marks_.pop_front();
}

Uploader::Uploader(c10::Device device) : device_(device) {
  if (device.is_cuda())
    stream_.push_back(c10::impl::VirtualGuardImpl(device.type())
                          .getStreamFromGlobalPool(device));
}

at::Tensor Uploader::Up(const at::Tensor& x) const {
  if (stream_.empty() || x.device() == device_) return OnDevice(x, device_);
  at::Tensor made;
  c10::Event up(device_.type());
  {
    const c10::StreamGuard on(stream_.front());
    made = OnDevice(x, device_);
    up.record(stream_.front());
  }
  const c10::Stream compute = CurrentStream(device_);
  up.block(compute);
  // Else its memory could be written by the next copy while it is still read.
  made.record_stream(compute);
  return made;
}

}  // namespace eyechart::probes
