// Forward passes as CUDA graphs: the kernels of a pass are launched as one.
#include <ATen/cuda/CUDAGraph.h>
#include <ATen/ops/empty_like.h>
#include <c10/cuda/CUDACachingAllocator.h>
#include <c10/cuda/CUDAFunctions.h>
#include <c10/util/Exception.h>
#include <cuda_runtime_api.h>

#include <map>
#include <utility>
#include <vector>

#include "core/text.h"
#include "encoders/forward_pass.h"

namespace eyechart::encoders {
namespace {

// They share one pool of memory, so that only pixels and results are each one's
// own. A run has few batch sizes: the last of a shard, or those after halving.
constexpr int kMaxGraphs = 8;

at::Tensor Copy(const at::Tensor& tensor) {
  return tensor.defined() ? tensor.clone() : tensor;
}

class ForwardGraphs final : public ForwardPass {
 public:
  explicit ForwardGraphs(Compute compute) : compute_(std::move(compute)) {}

  Features Run(const at::Tensor& pixels) override {
    if (!MayRecord(pixels)) return compute_(pixels);
    Shape& shape = shapes_[pixels.size(0)];
    ++shape.seen;
    // The first pass chooses kernels and fills caches, which cannot be
    // recorded.
    if (shape.seen == 2 && graphs_ < kMaxGraphs) Record(pixels, shape);
    if (!shape.graph) return compute_(pixels);
    shape.input.copy_(pixels, /*non_blocking=*/true);
    shape.graph->replay();
    // Copies: the next replay writes over the graph's own output.
    Features features;
    features.pooled = Copy(shape.output.pooled);
    features.tokens = Copy(shape.output.tokens);
    features.feature_map = Copy(shape.output.feature_map);
    features.hidden = Copy(shape.output.hidden);
    for (const at::Tensor& map : shape.output.pyramid)
      features.pyramid.push_back(Copy(map));
    return features;
  }

  void DropGraphs() override {
    c10::cuda::device_synchronize();
    shapes_.clear();
    graphs_ = 0;
  }

  std::string note() const override { return note_; }

 private:
  // What is known of batches of so many pictures.
  struct Shape {
    int seen = 0;
    std::unique_ptr<at::cuda::CUDAGraph> graph;
    at::Tensor input;  // that the graph reads
    Features output;   // that it writes
  };

  // Pictures of one size only: encoders keep tables of the size that they saw
  // last, and the graph of another would read what is gone.
  bool MayRecord(const at::Tensor& pixels) {
    const std::vector<std::int64_t> size = pixels.sizes().slice(1).vec();
    if (size_.empty()) size_ = size;
    if (size != size_ && !sizes_differ_) {
      DropGraphs();
      sizes_differ_ = true;
    }
    return !sizes_differ_;
  }

  void Record(const at::Tensor& pixels, Shape& shape) {
    try {
      c10::cuda::device_synchronize();
      // What the first pass left in the cache would stay beside the graph's
      // pool: the activations twice.
      c10::cuda::CUDACachingAllocator::emptyCache();
      // A pool ends with the last graph in it.
      if (graphs_ == 0) pool_ = at::cuda::graph_pool_handle();
      shape.input = at::empty_like(pixels);
      auto graph = std::make_unique<at::cuda::CUDAGraph>();
      graph->capture_begin(pool_, cudaStreamCaptureModeThreadLocal);
      try {
        shape.output = compute_(shape.input);
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
      note_ = "no CUDA graph could be recorded (" +
              FirstLine(error.what_without_backtrace()) +
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

  const Compute compute_;
  c10::MempoolId_t pool_ = {0, 0};
  std::map<std::int64_t, Shape> shapes_;  // by the pictures of a batch
  int graphs_ = 0;
  std::vector<std::int64_t> size_;  // (3, H, W) of the first batch
  bool sizes_differ_ = false;
  std::string note_;
};

}  // namespace

std::unique_ptr<ForwardPass> CreateForwardGraphs(ForwardPass::Compute compute) {
  return std::make_unique<ForwardGraphs>(std::move(compute));
}

}  // namespace eyechart::encoders
