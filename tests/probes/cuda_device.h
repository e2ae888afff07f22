// The GPU of tests that compare it with the CPU.
#pragma once

#include <c10/core/Device.h>

#include <string>

#include "core/error.h"
#include "encoders/device.h"

namespace eyechart::testing {

/// Why there is no CUDA device here; empty where there is one.
inline std::string WhyNoCuda() {
  try {
    static_cast<void>(encoders::ParseDevice("cuda"));
    return "";
  } catch (const InputError& error) {
    return error.what();
  }
}

inline c10::Device Cuda() { return {c10::kCUDA, 0}; }

}  // namespace eyechart::testing
