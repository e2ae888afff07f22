// Batches on a CUDA device. Three streams: pixels go up on one while the batch
// before is computed on another and the results of the one before that come
// down on the third, all through pinned memory.
#include <ATen/cuda/CUDAEvent.h>
#include <ATen/cuda/CUDAGraph.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <c10/core/InferenceMode.h>
#include <c10/cuda/CUDACachingAllocator.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>
#include <c10/util/Exception.h>
#include <cuda_runtime_api.h>

#include <deque>
#include <map>
#include <string_view>
#include <utility>

#include "core/error.h"
#include "encoders/batch_engine.h"
#include "encoders/device.h"

namespace eyechart::encoders {
namespace {

namespace cuda_allocator = c10::cuda::CUDACachingAllocator;
using c10::cuda::CUDAStream;
using c10::cuda::CUDAStreamGuard;

// They share one pool of memory, so that only pixels and results are each one's
// own. A run has few batch sizes: the last of a shard, or those after halving.
constexpr int kMaxGraphs = 8;

std::string FirstLine(const c10::Error& error) {
  const std::string text = error.what_without_backtrace();
  return text.substr(0, text.find('\n'));
}

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
      C10_THROW_ERROR(OutOfMemoryError, FirstLine(error));
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
    DropGraphs();
    cuda_allocator::emptyCache();
  }

  std::string note() const override { return note_; }

 private:
  struct Job {
    Features features;  // on the host, whole once `down` has happened
    at::cuda::CUDAEvent down;
  };

  // What is known of batches of so many pictures.
  struct Shape {
    int seen = 0;
    std::unique_ptr<at::cuda::CUDAGraph> graph;
    at::Tensor input;  // that the graph reads
    Features output;   // that it writes
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
      features = Forward(input);
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

  Features Forward(const at::Tensor& input) {
    if (!MayRecord(input)) return Compute(input);
    Shape& shape = shapes_[input.size(0)];
    ++shape.seen;
    // The first pass chooses kernels and fills caches, which cannot be
    // recorded.
    if (shape.seen == 2 && graphs_ < kMaxGraphs) Record(input, shape);
    if (!shape.graph) return Compute(input);
    shape.input.copy_(input, /*non_blocking=*/true);
    shape.graph->replay();
    // Copies: the next replay writes over the graph's own output.
    Features features;
    if (shape.output.pooled.defined())
      features.pooled = shape.output.pooled.clone();
    if (shape.output.tokens.defined())
      features.tokens = shape.output.tokens.clone();
    return features;
  }

  // Pictures of one size only: encoders keep tables of the size that they saw
  // last, and the graph of another would read what is gone.
  bool MayRecord(const at::Tensor& input) {
    const std::vector<std::int64_t> size = input.sizes().slice(1).vec();
    if (size_.empty()) size_ = size;
    if (size != size_ && !sizes_differ_) {
      Synchronize();
      DropGraphs();
      sizes_differ_ = true;
    }
    return options_.cuda_graphs && !sizes_differ_;
  }

  void DropGraphs() {
    shapes_.clear();
    graphs_ = 0;
  }

  void Record(const at::Tensor& input, Shape& shape) {
    try {
      Synchronize();
      // What the first pass left in the cache would stay beside the graph's
      // pool: the activations twice.
      cuda_allocator::emptyCache();
      // A pool ends with the last graph in it.
      if (graphs_ == 0) pool_ = at::cuda::graph_pool_handle();
      shape.input = at::empty_like(input);
      auto graph = std::make_unique<at::cuda::CUDAGraph>();
      graph->capture_begin(pool_, cudaStreamCaptureModeThreadLocal);
      try {
        shape.output = Compute(shape.input);
      } catch (...) {
        EndQuietly(*graph);
        throw;
      }
      graph->capture_end();
      shape.graph = std::move(graph);
      ++graphs_;
    } catch (const c10::Error& error) {
      // Nothing was computed while recording; without a graph it goes on as
      // before, and a real shortage shows then.
      note_ = "no CUDA graph could be recorded (" + FirstLine(error) +
              "); batches run without";
      static_cast<void>(cudaGetLastError());
      shape = Shape();
      shape.seen = 2;  // not tried again
    }
  }

  // A stream that is left recording takes no other work.
  static void EndQuietly(at::cuda::CUDAGraph& graph) {
    try {
      graph.capture_end();
    } catch (const c10::Error&) {
      // It says that the recording failed, which is known.
    }
  }

  ImageEncoder& encoder_;
  const BatchEngineOptions options_;
  const c10::cuda::CUDAGuard guard_;
  CUDAStream upload_;
  CUDAStream compute_;
  CUDAStream download_;
  std::deque<Job> jobs_;
  c10::MempoolId_t pool_ = {0, 0};
  std::map<std::int64_t, Shape> shapes_;  // by the pictures of a batch
  int graphs_ = 0;
  std::vector<std::int64_t> size_;  // (3, H, W) of the first batch
  bool sizes_differ_ = false;
  std::string note_;
};

}  // namespace

std::unique_ptr<BatchEngine> CreateCudaEngine(
    ImageEncoder& encoder, const BatchEngineOptions& options) {
  return std::make_unique<CudaEngine>(encoder, options);
}

}  // namespace eyechart::encoders
