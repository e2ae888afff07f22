// The seam between a batch of pixels on the host and its features on the host:
// what differs between running on the CPU and on a GPU.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "encoders/image_encoder.h"

namespace eyechart::encoders {

struct BatchEngineOptions {
  c10::Device device = c10::kCPU;             // the encoder's
  EncodeRequest request;                      // what each batch should give
  c10::ScalarType token_dtype = c10::kFloat;  // of the tokens handed out
  /// CUDA: record the forward pass of a batch shape when it comes the second
  /// time and replay it from then on.
  bool cuda_graphs = true;
  /// CUDA: TF32 in fp32 products and convolutions (AllowTf32).
  bool tf32 = false;
};

/// Runs batches in the order in which they are started. For one thread.
class BatchEngine {
 public:
  virtual ~BatchEngine() = default;

  /// Batches that are worth having under way while the next one is made ready:
  /// 0 where Start computes on the caller's time.
  virtual int ahead() const = 0;

  /// Memory on the host for pixels (B, 3, H, W) float32, uninitialised, of the
  /// kind that Start reads fastest. Not written again before that batch's
  /// Finish.
  virtual at::Tensor HostPixels(const std::vector<std::int64_t>& shape) = 0;

  /// Begins the batch `pixels` (B, 3, H, W), float32 and contiguous on the
  /// host. Throws c10::OutOfMemoryError where memory falls short; the batch is
  /// not begun then, those before it still are.
  virtual void Start(const at::Tensor& pixels) = 0;

  /// Waits for the oldest batch begun. Its features lie on the host,
  /// contiguous: pooled (B, D) float32, tokens (B, T, C) in token_dtype.
  virtual Features Finish() = 0;

  /// Gives memory kept for later batches back. Nothing may be under way.
  virtual void ReleaseMemory() = 0;

  /// What went another way than asked for, such as a graph that could not be
  /// recorded; else empty.
  virtual std::string note() const = 0;

  /// `encoder` outlives the engine.
  static std::unique_ptr<BatchEngine> Create(ImageEncoder& encoder,
                                             const BatchEngineOptions& options);
};

/// Create for a CUDA device; there only where LibTorch is built with CUDA.
std::unique_ptr<BatchEngine> CreateCudaEngine(
    ImageEncoder& encoder, const BatchEngineOptions& options);

}  // namespace eyechart::encoders
