#include "probes/heads/tensor_file.h"

#include <ATen/ops/empty.h>

#include <algorithm>
#include <cstring>

#include "core/error.h"
#include "core/files.h"
#include "core/safetensors.h"

namespace eyechart::probes {
namespace {

DType DTypeOf(const std::string& name, c10::ScalarType type) {
  switch (type) {
    case at::kFloat:
      return DType::kF32;
    case at::kDouble:
      return DType::kF64;
    case at::kLong:
      return DType::kI64;
    default:
      EYECHART_CHECK(false, "tensor {} of a type that is not written", name);
      return DType::kF32;
  }
}

c10::ScalarType ScalarOf(const std::filesystem::path& path,
                         const std::string& name,
                         DType type) {
  if (type == DType::kF32) return at::kFloat;
  if (type == DType::kF64) return at::kDouble;
  if (type == DType::kI64) return at::kLong;
  ThrowInput("{}: tensor {} is {}; F32, F64 or I64 is read", path.string(),
             name, DTypeName(type));
}

}  // namespace

void WriteTensors(const std::filesystem::path& path,
                  const NamedTensors& tensors) {
  std::vector<std::pair<std::string, TensorView>> views;
  std::vector<at::Tensor> kept;
  for (const auto& [name, tensor] : tensors) {
    kept.push_back(tensor.cpu().contiguous());
    TensorView view;
    view.dtype = DTypeOf(name, tensor.scalar_type());
    view.shape = tensor.sizes().vec();
    view.data = {static_cast<const std::byte*>(kept.back().const_data_ptr()),
                 kept.back().nbytes()};
    views.emplace_back(name, view);
  }
  std::string bytes = SafetensorsHeader(views);
  for (const auto& [name, view] : views)
    bytes.append(reinterpret_cast<const char*>(view.data.data()),
                 view.data.size());
  WriteFileAtomic(path, bytes);
}

NamedTensors ReadTensors(const std::filesystem::path& path) {
  const SafetensorsFile file(path);
  NamedTensors tensors;
  for (const auto& [name, view] : file.tensors()) {
    at::Tensor tensor = at::empty(view.shape, ScalarOf(path, name, view.dtype));
    std::memcpy(tensor.mutable_data_ptr(), view.data.data(), view.data.size());
    tensors.emplace_back(name, tensor);
  }
  return tensors;
}

at::Tensor TextTensor(const std::string& text) {
  at::Tensor made =
      at::empty({static_cast<std::int64_t>(text.size())}, at::kLong);
  std::copy(text.begin(), text.end(), made.mutable_data_ptr<std::int64_t>());
  return made;
}

std::string TextOf(const at::Tensor& tensor) {
  const at::Tensor bytes = tensor.contiguous();
  const auto* data = bytes.const_data_ptr<std::int64_t>();
  std::string text;
  for (std::int64_t i = 0; i < bytes.numel(); ++i)
    text += static_cast<char>(data[i]);
  return text;
}

std::vector<double> ValuesOf(const at::Tensor& tensor) {
  const at::Tensor wide = tensor.cpu().to(at::kDouble).contiguous();
  const auto* data = wide.const_data_ptr<double>();
  return {data, data + wide.numel()};
}

const at::Tensor& FindTensor(const NamedTensors& tensors,
                             const std::string& name,
                             const std::string& source) {
  for (const auto& [known, tensor] : tensors)
    if (known == name) return tensor;
  ThrowInput("{}: there is no tensor {}", source, name);
}

}  // namespace eyechart::probes
