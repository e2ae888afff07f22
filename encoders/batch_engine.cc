#include "encoders/batch_engine.h"

#include <ATen/ops/empty.h>

#include <utility>

#include "core/error.h"

namespace eyechart::encoders {
namespace {

// Computes in Start; Finish hands out what it has.
class CpuEngine final : public BatchEngine {
 public:
  CpuEngine(ImageEncoder& encoder, const BatchEngineOptions& options)
      : encoder_(encoder), options_(options) {}

  int ahead() const override { return 0; }

  at::Tensor HostPixels(const std::vector<std::int64_t>& shape) override {
    return at::empty(shape, c10::kFloat);
  }

  void Start(const at::Tensor& pixels) override {
    EYECHART_CHECK(!finished_.pooled.defined(), "a batch was not fetched");
    Features features = encoder_.Encode(pixels, options_.request);
    if (features.pooled.defined())
      features.pooled = features.pooled.to(c10::kFloat).contiguous();
    if (features.tokens.defined())
      features.tokens = features.tokens.to(options_.token_dtype).contiguous();
    finished_ = std::move(features);
  }

  Features Finish() override { return std::exchange(finished_, {}); }
  void ReleaseMemory() override {}
  std::string note() const override { return {}; }

 private:
  ImageEncoder& encoder_;
  const BatchEngineOptions options_;
  Features finished_;
};

}  // namespace

std::unique_ptr<BatchEngine> BatchEngine::Create(
    ImageEncoder& encoder, const BatchEngineOptions& options) {
#ifdef EYECHART_CUDA
  if (options.device.is_cuda()) return CreateCudaEngine(encoder, options);
#endif
  EYECHART_CHECK(options.device.is_cpu(), "no engine for device {}",
                 options.device.str());
  return std::make_unique<CpuEngine>(encoder, options);
}

}  // namespace eyechart::encoders
