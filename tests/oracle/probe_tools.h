// What the probes of the parity tests share: their options, and tensors in and
// out of safetensors files.
#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/from_blob.h>

#include <algorithm>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "core/safetensors.h"
#include "encoders/image_encoder.h"

namespace eyechart::encoders {

/// The argument behind `name`, or `fallback`.
inline std::string Option(const std::vector<std::string>& arguments,
                          const std::string& name,
                          const std::string& fallback) {
  const auto it = std::find(arguments.begin(), arguments.end(), name);
  if (it == arguments.end() || it + 1 == arguments.end()) return fallback;
  return *(it + 1);
}

/// --dtype fp32, bf16 or fp16; --half computes: on the processor's own units
/// for it even where float32 is faster.
inline EncoderOptions Options(const std::vector<std::string>& arguments) {
  EncoderOptions options;
  const std::string dtype = Option(arguments, "--dtype", "fp32");
  if (dtype == "bf16") options.dtype = c10::kBFloat16;
  if (dtype == "fp16") options.dtype = c10::kHalf;
  if (Option(arguments, "--half", "pays") == "computes")
    options.half = HalfUse::kWhereItComputes;
  return options;
}

using Tensors = std::vector<std::pair<std::string, at::Tensor>>;

/// As float32.
inline void Write(const std::string& path, Tensors tensors) {
  std::vector<std::pair<std::string, TensorView>> views;
  for (auto& [name, tensor] : tensors) {
    tensor = tensor.to(c10::kFloat).contiguous();
    TensorView view;
    view.shape = tensor.sizes().vec();
    view.data = {static_cast<const std::byte*>(tensor.data_ptr()),
                 tensor.nbytes()};
    views.emplace_back(name, view);
  }
  std::ofstream out(path, std::ios::binary);
  out << SafetensorsHeader(views);
  for (const auto& [name, view] : views)
    out.write(reinterpret_cast<const char*>(view.data.data()),
              static_cast<std::streamsize>(view.data.size()));
}

/// A view of float32 values.
inline at::Tensor TensorOf(const TensorView& view) {
  return at::from_blob(const_cast<std::byte*>(view.data.data()), view.shape);
}

}  // namespace eyechart::encoders
