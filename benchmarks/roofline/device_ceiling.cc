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

// Work that is queued again and again, and what it does in a second.
struct DeviceWork {
  std::function<void()> work;
  double amount = 0;  // of one call: operations, or bytes
  std::int64_t calls = 1;
  std::vector<double> rates = {};
};

void WaitFor(const c10::Device& device) {
  if (device.is_cpu()) return;
  c10::impl::VirtualGuardImpl(device.type()).synchronizeDevice(device.index());
}

double SecondsOnDevice(const DeviceWork& one, const c10::Device& device) {
  WaitFor(device);
  const auto begin = std::chrono::steady_clock::now();
  for (std::int64_t i = 0; i < one.calls; ++i) one.work();
  WaitFor(device);
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin)
      .count();
}

// All take turns, so that a busy moment meets all of them. The first call picks
// kernels and allocates; a second says how many fill `min_seconds`.
void MeasureWork(const c10::Device& device,
                 const DeviceCeilingOptions& options,
                 std::vector<DeviceWork>& all) {
  for (DeviceWork& one : all) {
    SecondsOnDevice(one, device);
    const double seconds = std::max(1e-9, SecondsOnDevice(one, device));
    one.calls = std::max<std::int64_t>(
        1, std::llround(std::ceil(options.min_seconds / seconds)));
  }
  for (int i = 0; i < options.repetitions; ++i)
    for (DeviceWork& one : all)
      one.rates.push_back(one.amount * static_cast<double>(one.calls) /
                          SecondsOnDevice(one, device));
}

DeviceWork ProductOn(const c10::Device& device,
                     c10::ScalarType type,
                     const ProductShape& shape) {
  // Drawn, since a GPU that multiplies the same number again and again takes
  // less power and runs faster.
  const auto placed = at::TensorOptions().dtype(at::kFloat).device(device);
  const at::Tensor x = at::rand({shape.rows, shape.inner}, placed).to(type);
  const at::Tensor w = at::rand({shape.inner, shape.columns}, placed).to(type);
  return {[x, w] { at::mm(x, w); }, 2.0 * static_cast<double>(shape.rows) *
                                        static_cast<double>(shape.inner) *
                                        static_cast<double>(shape.columns)};
}

std::string KernelName(c10::ScalarType type, const c10::Device& device) {
  if (!device.is_cuda() || type != c10::kFloat) return "LibTorch";
  return at::globalContext().allowTF32CuBLAS() ? "LibTorch, TF32" : "LibTorch";
}

}  // namespace

MachineCeilings MeasureDeviceCeilings(const c10::Device& device,
                                      const DeviceCeilingOptions& options) {
  EYECHART_REQUIRE(options.repetitions >= 1 && options.copy_bytes >= 1,
                   "ceiling: {} repetitions of copies of {} bytes: at least 1 "
                   "of each is due",
                   options.repetitions, options.copy_bytes);
  const c10::InferenceMode no_gradients;
  MachineCeilings ceilings;
  ceilings.device = device.str();
  ceilings.repetitions = options.repetitions;
  for (const std::string& dtype : options.dtypes) {
    const c10::ScalarType type = encoders::ParseEncoderDType(dtype);
    // One dtype at a time: that is what has to fit beside a model.
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
  const auto bytes = at::TensorOptions().dtype(c10::kByte).device(device);
  const at::Tensor from = at::full({options.copy_bytes}, 1, bytes);
  const at::Tensor to = at::empty({options.copy_bytes}, bytes);
  // Read and written, as STREAM counts.
  std::vector<DeviceWork> copies = {
      {[from, to] { to.copy_(from); },
       2.0 * static_cast<double>(options.copy_bytes)}};
  MeasureWork(device, options, copies);
  ceilings.copy = {1e-9 * *std::ranges::max_element(copies.front().rates),
                   1e-9 * Median(copies.front().rates), options.copy_bytes};
  return ceilings;
}

}  // namespace eyechart::benchmarks
