// LibTorch's oneDNN operators, which are not part of its public interface: a
// build without them, or with others, is served by the public ones.
#pragma once

#include <ATen/core/dispatch/Dispatcher.h>
#include <c10/core/ScalarType.h>

#include <exception>
#include <optional>

namespace eyechart::encoders {

/// The operator `name`, or nothing where LibTorch has none of this signature.
template <typename Signature>
std::optional<c10::TypedOperatorHandle<Signature>> FindOperator(
    const char* name, const char* overload = "") {
  const auto handle = c10::Dispatcher::singleton().findSchema({name, overload});
  if (!handle) return std::nullopt;
  try {
    return handle->template typed<Signature>();
  } catch (const std::exception&) {
    return std::nullopt;  // another LibTorch, with another signature
  }
}

/// Whether oneDNN computes in `dtype` on this CPU: float32 always, half
/// precision where the processor has instructions for it.
bool OneDnnComputes(c10::ScalarType dtype);

/// Whether it also pays: products in `dtype` no slower than in float32. Intel's
/// bf16 instructions without AMX (a Xeon of family 6, model 207, whose host
/// hides it) were measured at half the speed of its float32.
bool OneDnnPays(c10::ScalarType dtype);

}  // namespace eyechart::encoders
