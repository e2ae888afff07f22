#include "benchmarks/roofline/device_ceiling.h"

#include <ATen/Context.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/rand.h>
#include <c10/core/InferenceMode.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <functional>
#include <utility>

#include "core/error.h"
#include "core/statistics.h"
#include "encoders/loaded_model.h"

namespace eyechart::benchmarks {
namespace {

using QueuedCall = std::function<void()>;

// Work that is queued again and again, and what it does in a second.
struct DeviceWork {
  // Makes the operands, which the call holds: they go with it, so that those of
  // one work at a time have to fit beside a model.
  std::function<QueuedCall()> make;
  double amount = 0;  // of one call: operations, or bytes
  std::int64_t calls = 1;
  std::vector<double> rates = {};
};

void WaitFor(const c10::Device& device) {
  if (device.is_cpu()) return;
  c10::impl::VirtualGuardImpl(device.type()).synchronizeDevice(device.index());
}

double SecondsOnDevice(const QueuedCall& call,
                       std::int64_t calls,
                       const c10::Device& device) {
  WaitFor(device);
  const auto begin = std::chrono::steady_clock::now();
  for (std::int64_t i = 0; i < calls; ++i) call();
  WaitFor(device);
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin)
      .count();
}

// All take turns, so that a busy moment meets all of them. The first call of a
// turn picks kernels and allocates; in the first round a second one says how
// many fill `min_seconds`.
void MeasureWork(const c10::Device& device,
                 const DeviceCeilingOptions& options,
                 std::vector<DeviceWork>& all) {
  for (int round = 0; round <= options.repetitions; ++round) {
    for (DeviceWork& one : all) {
      const QueuedCall call = one.make();
      SecondsOnDevice(call, 1, device);
      if (round == 0) {
        const double seconds = std::max(1e-9, SecondsOnDevice(call, 1, device));
        one.calls = std::max<std::int64_t>(
            1, std::llround(std::ceil(options.min_seconds / seconds)));
        continue;
      }
      one.rates.push_back(one.amount * static_cast<double>(one.calls) /
                          SecondsOnDevice(call, one.calls, device));
    }
  }
}

DeviceWork ProductOn(const c10::Device& device,
                     c10::ScalarType type,
                     const ProductShape& shape) {
  const auto make = [=]() -> QueuedCall {
    // Drawn, since a GPU that multiplies the same number again and again takes
    // less power and runs faster.
    const auto placed = at::TensorOptions().dtype(at::kFloat).device(device);
    const at::Tensor x = at::rand({shape.rows, shape.inner}, placed).to(type);
    const at::Tensor w =
        at::rand({shape.inner, shape.columns}, placed).to(type);
    return [x, w] { at::mm(x, w); };
  };
  return {make, 2.0 * static_cast<double>(shape.rows) *
                    static_cast<double>(shape.inner) *
                    static_cast<double>(shape.columns)};
}

// Read and written, as STREAM counts.
DeviceWork CopyOn(const c10::Device& device, std::int64_t size) {
  const auto make = [=]() -> QueuedCall {
    const auto bytes = at::TensorOptions().dtype(c10::kByte).device(device);
    const at::Tensor from = at::full({size}, 1, bytes);
    const at::Tensor to = at::empty({size}, bytes);
    return [from, to] { to.copy_(from); };
  };
  return {make, 2.0 * static_cast<double>(size)};
}

std::string KernelName(c10::ScalarType type, const c10::Device& device) {
  if (!device.is_cuda() || type != c10::kFloat) return "LibTorch";
  return at::globalContext().allowTF32CuBLAS() ? "LibTorch, TF32" : "LibTorch";
}

void CheckOptions(const DeviceCeilingOptions& options) {
  EYECHART_REQUIRE(options.repetitions >= 1 && options.copy_bytes >= 1,
                   "ceiling: {} repetitions of copies of {} bytes: at least 1 "
                   "of each is due",
                   options.repetitions, options.copy_bytes);
  EYECHART_REQUIRE(options.min_seconds >= 0,
                   "ceiling: timings of {:g} s: should be 0 or more",
                   options.min_seconds);
  EYECHART_REQUIRE(!options.shapes.empty(),
                   "ceiling: no shape of a product: at least 1 is due");
  for (const ProductShape& shape : options.shapes)
    EYECHART_REQUIRE(
        shape.rows >= 1 && shape.inner >= 1 && shape.columns >= 1,
        "ceiling: a product of {} x {} and {} x {}: each should be 1 or more",
        shape.rows, shape.inner, shape.inner, shape.columns);
}

}  // namespace

MachineCeilings MeasureDeviceCeilings(const c10::Device& device,
                                      const DeviceCeilingOptions& options) {
  CheckOptions(options);
  const c10::InferenceMode no_gradients;
  MachineCeilings ceilings;
  ceilings.device = device.str();
  ceilings.repetitions = options.repetitions;
  for (const std::string& dtype : options.dtypes) {
    const c10::ScalarType type = encoders::ParseEncoderDType(dtype);
    std::vector<DeviceWork> products;
    for (const ProductShape& shape : options.shapes)
      products.push_back(ProductOn(device, type, shape));
    MeasureWork(device, options, products);
    ProductRoof best;
    for (std::size_t i = 0; i < products.size(); ++i) {
      const double gflops = 1e-9 * *std::ranges::max_element(products[i].rates);
      if (gflops <= best.gflops) continue;
      best = {dtype,
              gflops,
              1e-9 * Median(products[i].rates),
              KernelName(type, device),
              options.shapes[i].rows,
              options.shapes[i].inner,
              options.shapes[i].columns};
    }
    if (best.gflops > 0) ceilings.products.push_back(best);
  }
  std::vector<DeviceWork> copies = {CopyOn(device, options.copy_bytes)};
  MeasureWork(device, options, copies);
  ceilings.copy = {1e-9 * *std::ranges::max_element(copies.front().rates),
                   1e-9 * Median(copies.front().rates), options.copy_bytes};
  return ceilings;
}

}  // namespace eyechart::benchmarks
