#include "encoders/forward_pass.h"

#include <utility>

namespace eyechart::encoders {
namespace {

class PlainPass final : public ForwardPass {
 public:
  explicit PlainPass(Compute compute) : compute_(std::move(compute)) {}

  Features Run(const at::Tensor& pixels) override { return compute_(pixels); }
  void DropGraphs() override {}
  std::string note() const override { return {}; }

 private:
  const Compute compute_;
};

}  // namespace

std::unique_ptr<ForwardPass> ForwardPass::Create(
    Compute compute,
    [[maybe_unused]] const c10::Device& device,
    [[maybe_unused]] bool cuda_graphs) {
#ifdef EYECHART_CUDA
  if (cuda_graphs && device.is_cuda())
    return CreateForwardGraphs(std::move(compute));
#endif
  return std::make_unique<PlainPass>(std::move(compute));
}

}  // namespace eyechart::encoders
