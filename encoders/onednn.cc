#include "encoders/onednn.h"

namespace eyechart::encoders {

bool OneDnnComputes(const Placement& placement) {
  using Signature = bool();
  static const bool bf16 = [] {
    const auto find =
        FindOperator<Signature>("mkldnn::_is_mkldnn_bf16_supported");
    return find && find->call();
  }();
  static const bool fp16 = [] {
    const auto find =
        FindOperator<Signature>("mkldnn::_is_mkldnn_fp16_supported");
    return find && find->call();
  }();
  if (!placement.device.is_cpu()) return false;
  if (placement.dtype == c10::kBFloat16) return bf16;
  if (placement.dtype == c10::kHalf) return fp16;
  return placement.dtype == c10::kFloat;
}

}  // namespace eyechart::encoders
