#include "probes/detection/nms_cuda.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>
#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>

#include <algorithm>

#include "probes/detection/nms_kernel.h"

namespace eyechart::detection::internal {
namespace {

constexpr std::int64_t kMaskWords = std::int64_t{256} << 17;  // 256 MiB

std::uint64_t* WordsOf(const at::Tensor& tensor) {
  // The bits of int64 are what is meant.
  return reinterpret_cast<std::uint64_t*>(
      tensor.mutable_data_ptr<std::int64_t>());
}

}  // namespace

at::Tensor CudaGreedy(const at::Tensor& rows,
                      const at::Tensor& classes,
                      float threshold) {
  const c10::cuda::CUDAGuard guard(rows.device());
  const std::int64_t count = rows.size(0);
  const std::int64_t words = NmsWords(count);
  const at::Tensor stays = at::empty({count}, rows.options().dtype(at::kBool));
  if (count == 0) return stays;
  const at::TensorOptions whole = rows.options().dtype(at::kLong);
  const at::Tensor own_rows = rows.contiguous();
  at::Tensor own_classes;

  NmsKernelArguments arguments;
  arguments.boxes = own_rows.const_data_ptr<float>();
  if (classes.defined()) {
    own_classes = classes.contiguous();
    arguments.classes = own_classes.const_data_ptr<std::int64_t>();
  }
  arguments.count = count;
  arguments.threshold = threshold;
  // Bands of whole words of rows, at least one.
  arguments.band_rows =
      std::clamp<std::int64_t>(kMaskWords / words / 64, 1, words) * 64;
  const at::Tensor mask = at::empty({arguments.band_rows * words}, whole);
  const at::Tensor struck = at::zeros({words}, whole);
  arguments.mask = WordsOf(mask);
  arguments.struck = WordsOf(struck);
  arguments.stays = stays.mutable_data_ptr<bool>();
  C10_CUDA_CHECK(static_cast<cudaError_t>(
      LaunchNmsKernels(arguments, c10::cuda::getCurrentCUDAStream())));
  return stays;
}

}  // namespace eyechart::detection::internal
