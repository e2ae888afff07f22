#include "encoders/onednn.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace eyechart::encoders {
namespace {

// VDPBF16PS adds two products a lane, but Intel's cores start half as many of
// them as of float32's FMAs, and pack the factors besides.
bool Bf16DotIsSlow() {
#if defined(__x86_64__)
  constexpr unsigned kAmxBf16 = 1u << 22;  // of leaf 7's EDX
  unsigned a = 0;
  unsigned b = 0;
  unsigned c = 0;
  unsigned d = 0;
  return __builtin_cpu_is("intel") != 0 &&
         !(__get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (d & kAmxBf16) != 0);
#else
  return false;
#endif
}

}  // namespace

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

bool OneDnnPays(c10::ScalarType dtype) {
  static const bool slow = Bf16DotIsSlow();
  return OneDnnComputes(dtype) && !(dtype == c10::kBFloat16 && slow);
}

}  // namespace eyechart::encoders
