// Tensors in a safetensors file, with a JSON of what they are.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <string>
#include <vector>

#include "core/json.h"
#include "probes/heads/head_grid.h"

namespace eyechart::probes {

/// Writes `tensors` (float32, float64 or int64, on the CPU) and replaces `path`
/// in one step.
void WriteTensors(const std::filesystem::path& path,
                  const NamedTensors& tensors);

/// Reads them back, in the file's order of names, as copies. Throws InputError
/// for a file that is not what WriteTensors writes.
NamedTensors ReadTensors(const std::filesystem::path& path);

/// Text as int64 tensors of its bytes, and back: what files of tensors keep
/// texts as.
at::Tensor TextTensor(const std::string& text);
std::string TextOf(const at::Tensor& tensor);

/// Values of a tensor of any type, in double.
std::vector<double> ValuesOf(const at::Tensor& tensor);

/// The one called `name`. Throws InputError naming `source` where it lacks.
const at::Tensor& FindTensor(const NamedTensors& tensors,
                             const std::string& name,
                             const std::string& source);

}  // namespace eyechart::probes
