// Where a model runs, and how exactly it multiplies there.
#pragma once

#include <c10/core/Device.h>

#include <string>

namespace eyechart::encoders {

/// "cpu", "cuda" or "cuda:N". Throws InputError for another text, and where no
/// such device is there: it says whether LibTorch is built without CUDA, no
/// device is at hand (and why), or how many there are.
c10::Device ParseDevice(const std::string& name);

/// "off" or "on". Throws InputError for another text, and for "on" with a
/// device other than CUDA, which has no TF32.
bool ParseTf32(const std::string& name, c10::Device device);

/// Lets CUDA round the factors of fp32 products, convolutions included, to
/// TF32's 10 bits of mantissa, or forbids it. A setting of the whole process;
/// LibTorch's own default is off for products and on for convolutions.
void AllowTf32(bool allow);

}  // namespace eyechart::encoders
