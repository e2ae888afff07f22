// TensorNms for the parity tests on a GPU and the comparison.
//   tensor_nms_probe IN OUT DEVICE
//     IN: cases (nms_cases.h), of Nms alone. OUT: "kept", "scores" and
//     "counts" of them.
//   tensor_nms_probe serve IN DEVICE
//     of the first case: prints how many stay, then, for each line with a
//     number of calls, seconds a call with tensors and result on the device.
#include <ATen/ops/from_blob.h>
#include <c10/core/InferenceMode.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <chrono>
#include <cstdio>
#include <exception>
#include <iostream>
#include <string>

#include "core/error.h"
#include "encoders/device.h"
#include "probes/detection/tensor_nms.h"
#include "tests/oracle/nms_cases.h"

namespace eyechart::detection {
namespace {

template <typename T>
at::Tensor TensorOf(std::span<const T> values, at::IntArrayRef shape) {
  return at::from_blob(const_cast<T*>(values.data()), shape,
                       c10::CppTypeToScalarType<T>::value);
}

// A case on the device.
struct Placed {
  Placed(const Case& one, c10::Device place)
      : options(HardOptions(one.setting)), device(place) {
    EYECHART_REQUIRE(one.setting[kSoft] == 0, "Soft-NMS is on the CPU alone");
    const auto n = static_cast<std::int64_t>(one.scores.size());
    // Copies: the file's bytes need not be aligned as the device wants them.
    const auto put = [&](const at::Tensor& tensor) {
      return tensor.to(place, /*non_blocking=*/false, /*copy=*/true);
    };
    boxes = put(TensorOf(one.boxes, {n, 4}));
    scores = put(TensorOf(one.scores, {n}));
    classes = put(TensorOf(one.classes, {n}));
  }

  at::Tensor Kept() const { return TensorNms(boxes, scores, classes, options); }

  void Synchronize() const {
    if (device.is_cpu()) return;
    c10::impl::VirtualGuardImpl(device.type())
        .synchronizeDevice(device.index());
  }

  NmsOptions options;
  c10::Device device;
  at::Tensor boxes, scores, classes;
};

void Run(const char* in, const char* out, c10::Device device) {
  const SafetensorsFile file(in);
  Results all;
  for (const Case& one : Cases(file)) {
    const Placed placed(one, device);
    const at::Tensor result = placed.Kept();
    EYECHART_CHECK(result.device() == placed.boxes.device(),
                   "indices are on {}", result.device().str());
    const at::Tensor kept = result.cpu().contiguous();
    const auto* values = kept.const_data_ptr<std::int64_t>();
    for (std::int64_t i = 0; i < kept.numel(); ++i) {
      all.kept.push_back(values[i]);
      all.scores.push_back(one.scores[static_cast<std::size_t>(values[i])]);
    }
    all.counts.push_back(kept.numel());
  }
  WriteResults(out, all);
}

void Serve(const char* in, c10::Device device) {
  const SafetensorsFile file(in);
  const Placed placed(Cases(file).at(0), device);
  std::cout << placed.Kept().numel() << std::endl;
  int calls = 0;
  while (std::cin >> calls) {
    placed.Synchronize();
    const auto begin = std::chrono::steady_clock::now();
    for (int i = 0; i < calls; ++i) placed.Kept();
    placed.Synchronize();
    const std::chrono::duration<double> taken =
        std::chrono::steady_clock::now() - begin;
    std::cout << taken.count() / calls << std::endl;
  }
}

}  // namespace
}  // namespace eyechart::detection

int main(int count, char** arguments) {
  try {
    if (count != 4) return 2;
    const c10::InferenceMode inference;
    const c10::Device device = eyechart::encoders::ParseDevice(arguments[3]);
    if (std::string(arguments[1]) == "serve")
      eyechart::detection::Serve(arguments[2], device);
    else
      eyechart::detection::Run(arguments[1], arguments[2], device);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "tensor_nms_probe: %s\n", error.what());
    return 2;
  }
}
