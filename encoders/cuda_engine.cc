// Batches on a CUDA device. Three streams: pixels go up on one while the batch
// before is computed on another and the results of the one before that come
// down on the third, all through pinned memory.
#include <ATen/cuda/CUDAEvent.h>
#include <ATen/ops/empty.h>
#include <c10/core/InferenceMode.h>
#include <c10/cuda/CUDACachingAllocator.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>
#include <c10/util/Exception.h>
#include <cuda_runtime_api.h>

#include <deque>
#include <memory>
#include <string_view>
#include <utility>

#include "core/error.h"
#include "core/text.h"
#include "encoders/batch_engine.h"
#include "encoders/device.h"
#include "encoders/forward_pass.h"

namespace eyechart::encoders {
namespace {

namespace cuda_allocator = c10::cuda::CUDACachingAllocator;
using c10::cuda::CUDAStream;
using c10::cuda::CUDAStreamGuard;

// Not every shortage is told through the caching allocator: libraries and
// kernels take memory of their own when they are first used.
bool IsShortage(const c10::Error& error) {
  const std::string_view text = error.what_without_backtrace();
  return text.find("CUBLAS_STATUS_ALLOC_FAILED") != std::string_view::npos ||
         text.find("CUDNN_STATUS_ALLOC_FAILED") != std::string_view::npos ||
         text.find("CUDA error: out of memory") != std::string_view::npos;
}

// Lets `stream` use memory that another stream's pool owns.
void LendTo(const at::Tensor& tensor, const CUDAStream& stream) {
  cuda_allocator::recordStream(tensor.storage().data_ptr(), stream);
}

at::Tensor PinnedIfPossible(at::IntArrayRef shape, c10::ScalarType dtype) {
  const auto options = at::TensorOptions().dtype(dtype);
  try {
    return at::empty(shape, options.pinned_memory(true));
  } catch (const c10::Error&) {
    // The host limits locked memory: copies then wait, which is slow, not
    // wrong. Reading the error takes it off CUDA's list.
    static_cast<void>(cudaGetLastError());
    return at::empty(shape, options);
  }
}

class CudaEngine final : public BatchEngine {
 public:
  CudaEngine(ImageEncoder& encoder, const BatchEngineOptions& options)
      : encoder_(encoder),
        options_(options),
        guard_(options.device),
        upload_(FreshStream()),
        compute_(FreshStream()),
        download_(FreshStream()) {
    AllowTf32(options.tf32);
    // The weights were copied on the default stream.
    c10::cuda::getDefaultCUDAStream(options.device.index()).synchronize();
  }

  ~CudaEngine() override {
    try {
      Synchronize();
    } catch (const c10::Error&) {
      // A failed device has already been reported by what failed first.
    }
  }

  int ahead() const override { return 1; }

  at::Tensor HostPixels(const std::vector<std::int64_t>& shape) override {
    return PinnedIfPossible(shape, c10::kFloat);
  }

  void Start(const at::Tensor& pixels) override {
    try {
      Launch(pixels);
    } catch (const c10::OutOfMemoryError&) {
      throw;
    } catch (const c10::Error& error) {
      if (!IsShortage(error)) throw;
      static_cast<void>(cudaGetLastError());
      C10_THROW_ERROR(OutOfMemoryError,
                      FirstLine(error.what_without_backtrace()));
    }
  }

  Features Finish() override {
    EYECHART_CHECK(!jobs_.empty(), "no batch is under way");
    Job job = std::move(jobs_.front());
    jobs_.pop_front();
    job.down.synchronize();
    return std::move(job.features);
  }

  void ReleaseMemory() override {
    Synchronize();
    forward_->DropGraphs();
    cuda_allocator::emptyCache();
  }

  std::string note() const override { return forward_->note(); }

 private:
  struct Job {
    Features features;  // on the host, whole once `down` has happened
    at::cuda::CUDAEvent down;
  };

  CUDAStream FreshStream() const {
    return c10::cuda::getStreamFromPool(/*isHighPriority=*/false,
                                        options_.device.index());
  }

  void Synchronize() {
    upload_.synchronize();
    compute_.synchronize();
    download_.synchronize();
  }

  void Launch(const at::Tensor& pixels) {
    const c10::InferenceMode inference;
    at::Tensor input;
    at::cuda::CUDAEvent up;
    {
      const CUDAStreamGuard on(upload_);
      input = pixels.to(options_.device, c10::kFloat, /*non_blocking=*/true);
      up.record(upload_);
    }
    Features features;
    at::cuda::CUDAEvent computed;
    {
      const CUDAStreamGuard on(compute_);
      up.block(compute_);
      LendTo(input, compute_);
      features = forward_->Run(input);
      computed.record(compute_);
    }
    const CUDAStreamGuard on(download_);
    computed.block(download_);
    Job job;
    job.features.pooled = Fetch(features.pooled);
    job.features.tokens = Fetch(features.tokens);
    job.down.record(download_);
    jobs_.push_back(std::move(job));
  }

  // A copy on the host of the contiguous `tensor`, on its way.
  at::Tensor Fetch(const at::Tensor& tensor) {
    if (!tensor.defined()) return tensor;
    const at::Tensor host =
        PinnedIfPossible(tensor.sizes(), tensor.scalar_type());
    host.copy_(tensor, /*non_blocking=*/true);
    LendTo(tensor, download_);
    return host;
  }

  // As Finish hands it out, but on the device.
  Features Compute(const at::Tensor& input) {
    Features features = encoder_.Encode(input, options_.request);
    if (features.pooled.defined())
      features.pooled = features.pooled.to(c10::kFloat).contiguous();
    if (features.tokens.defined())
      features.tokens = features.tokens.to(options_.token_dtype).contiguous();
    return features;
  }

  ImageEncoder& encoder_;
  const BatchEngineOptions options_;
  const c10::cuda::CUDAGuard guard_;
  CUDAStream upload_;
  CUDAStream compute_;
  CUDAStream download_;
  std::deque<Job> jobs_;
  // After the streams: its graphs go before them.
  const std::unique_ptr<ForwardPass> forward_ = ForwardPass::Create(
      [this](const at::Tensor& input) { return Compute(input); },
      options_.device,
      options_.cuda_graphs);
};

}  // namespace

std::unique_ptr<BatchEngine> CreateCudaEngine(
    ImageEncoder& encoder, const BatchEngineOptions& options) {
  return std::make_unique<CudaEngine>(encoder, options);
}

}  // namespace eyechart::encoders
