#include "encoders/safetensors_weights.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>

#include <cstring>
#include <optional>

#include "core/safetensors.h"

namespace eyechart::encoders {
namespace {

std::optional<c10::ScalarType> FloatType(DType dtype) {
  switch (dtype) {
    case DType::kF64:
      return c10::kDouble;
    case DType::kF32:
      return c10::kFloat;
    case DType::kF16:
      return c10::kHalf;
    case DType::kBF16:
      return c10::kBFloat16;
    default:
      return std::nullopt;
  }
}

at::Tensor View(const TensorView& view) {
  const auto type = FloatType(view.dtype);
  if (!type) return {};
  // The format does not promise alignment, and a header of odd length breaks
  // it; vector code may not read such data in place.
  const auto address = reinterpret_cast<std::uintptr_t>(view.data.data());
  if (view.data.empty() || address % DTypeSize(view.dtype) != 0) {
    const at::Tensor copy = at::empty(view.shape, *type);
    if (!view.data.empty())
      std::memcpy(copy.data_ptr(), view.data.data(), view.data.size());
    return copy;
  }
  // Nobody writes to it; from_blob has no const form.
  return at::from_blob(const_cast<std::byte*>(view.data.data()), view.shape,
                       *type);
}

class SafetensorsWeights : public WeightFile {
 public:
  explicit SafetensorsWeights(const std::filesystem::path& path) : file_(path) {
    for (const auto& [name, view] : file_.tensors())
      tensors_.emplace(
          name, StoredTensor{view.shape, std::string(DTypeName(view.dtype)),
                             View(view)});
  }
  const std::filesystem::path& path() const override { return file_.path(); }
  const std::map<std::string, StoredTensor>& tensors() const override {
    return tensors_;
  }
  void Release(const at::Tensor& view) const override {
    file_.Release(BytesOf(view));
  }

 private:
  SafetensorsFile file_;
  std::map<std::string, StoredTensor> tensors_;
};

}  // namespace

std::unique_ptr<WeightFile> OpenSafetensors(const std::filesystem::path& path) {
  return std::make_unique<SafetensorsWeights>(path);
}

}  // namespace eyechart::encoders
