#include "encoders/onednn.h"

namespace eyechart::encoders {

bool OneDnnComputes(c10::ScalarType dtype) {
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
  if (dtype == c10::kBFloat16) return bf16;
  if (dtype == c10::kHalf) return fp16;
  return dtype == c10::kFloat;
}

}  // namespace eyechart::encoders
