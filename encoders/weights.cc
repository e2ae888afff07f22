#include "encoders/weights.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstring>
#include <optional>

#include "core/error.h"
#include "core/memory.h"
#include "core/text.h"

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

// Fills `out` (float32, contiguous) from the bytes of the map.
void CopyInto(const TensorView& view, at::Tensor out) {
  const c10::ScalarType type = *FloatType(view.dtype);
  // The format does not promise alignment, and a header of odd length breaks
  // it; vector code may not read such data in place.
  const auto address = reinterpret_cast<std::uintptr_t>(view.data.data());
  if (address % DTypeSize(view.dtype) != 0) {
    const at::Tensor raw = at::empty(view.shape, type);
    std::memcpy(raw.data_ptr(), view.data.data(), view.data.size());
    out.copy_(raw);
  } else if (!view.data.empty()) {
    // copy_ only reads it; from_blob has no const form.
    void* bytes = const_cast<std::byte*>(view.data.data());
    out.copy_(at::from_blob(bytes, view.shape, type));
  }
}

std::int64_t Elements(const std::vector<std::int64_t>& shape) {
  std::int64_t elements = 1;
  for (const std::int64_t extent : shape) elements *= extent;
  return elements;
}

}  // namespace

WeightStore::WeightStore(const Checkpoint& checkpoint)
    : source_(checkpoint.weight_files.size() == 1
                  ? checkpoint.weight_files.front().string()
                  : checkpoint.folder.string()) {
  files_.reserve(checkpoint.weight_files.size());
  for (const auto& path : checkpoint.weight_files) files_.emplace_back(path);
  for (const SafetensorsFile& file : files_) {
    for (const auto& [name, view] : file.tensors()) {
      const auto [it, fresh] = where_.emplace(name, Place{&file, &view});
      EYECHART_REQUIRE(fresh, "{}: tensor {} is in {} too",
                       file.path().string(), name,
                       it->second.file->path().string());
    }
  }
}

WeightStore::~WeightStore() { ReturnFreedMemory(); }

void WeightStore::Read(const Place& place, const at::Tensor& out) {
  // Both would stand beside the model until it is whole: the file's pages, and
  // the gaps that copies leave when they have been packed.
  constexpr std::size_t kReadBetweenReturns = std::size_t{64} << 20;
  if (read_ > kReadBetweenReturns) {
    ReturnFreedMemory();
    read_ = 0;
  }
  read_ += out.nbytes();
  CopyInto(*place.view, out);
  place.file->Release(*place.view);
}

const WeightStore::Place& WeightStore::Find(const std::string& name) const {
  const auto it = where_.find(name);
  if (it != where_.end()) return it->second;
  std::vector<std::string> names;
  for (const auto& [key, place] : where_)
    if (!used_.contains(key)) names.push_back(key);
  ThrowInput("{}: tensor {} is missing{}", source_, name,
             DidYouMean(name, names));
}

const std::vector<std::int64_t>& WeightStore::ShapeOf(
    const std::string& name) const {
  return Find(name).view->shape;
}

void WeightStore::Check(const std::string& name,
                        const std::vector<std::int64_t>& shape) {
  const Place& place = Find(name);
  EYECHART_REQUIRE(place.view->shape == shape,
                   "{}: tensor {} has shape [{}]; config.json asks for [{}]",
                   place.file->path().string(), name,
                   fmt::join(place.view->shape, ", "), fmt::join(shape, ", "));
  EYECHART_REQUIRE(FloatType(place.view->dtype).has_value(),
                   "{}: tensor {} is of type {}; F32, F16, BF16 and F64 are "
                   "read (quantised weights are not)",
                   place.file->path().string(), name,
                   DTypeName(place.view->dtype));
  Acknowledge(name);
}

at::Tensor WeightStore::Take(const std::string& name,
                             const std::vector<std::int64_t>& shape) {
  Check(name, shape);
  const at::Tensor tensor = at::empty(shape, c10::kFloat);
  Read(Find(name), tensor);
  return tensor;
}

at::Tensor WeightStore::TakeStacked(const std::vector<std::string>& names,
                                    const std::vector<std::int64_t>& shape) {
  // Checked before memory is taken for them.
  for (const std::string& name : names) Check(name, shape);
  std::vector<std::int64_t> stacked = shape;
  stacked.front() *= static_cast<std::int64_t>(names.size());
  const at::Tensor tensor = at::empty(stacked, c10::kFloat);
  for (std::size_t i = 0; i < names.size(); ++i)
    Read(Find(names[i]),
         tensor.narrow(0, static_cast<std::int64_t>(i) * shape.front(),
                       shape.front()));
  return tensor;
}

void WeightStore::Acknowledge(const std::string& name) {
  if (used_.insert(name).second)
    parameters_ += Elements(Find(name).view->shape);
}

std::vector<std::string> WeightStore::Unused(const IgnoredKeys& ignored) const {
  std::vector<std::string> unused;
  for (const auto& [name, place] : where_) {
    const std::string_view key = name;
    const bool known =
        used_.contains(name) ||
        std::any_of(ignored.prefixes.begin(), ignored.prefixes.end(),
                    [key](auto prefix) { return key.starts_with(prefix); }) ||
        std::any_of(ignored.suffixes.begin(), ignored.suffixes.end(),
                    [key](auto suffix) { return key.ends_with(suffix); });
    if (!known) unused.push_back(name);
  }
  return unused;
}

void WeightStore::RequireAllUsed(const std::vector<std::string>& unused) const {
  if (unused.empty()) return;
  constexpr std::size_t kShown = 5;
  const std::vector<std::string> shown(
      unused.begin(), unused.begin() + std::min(kShown, unused.size()));
  ThrowInput(
      "{}: {} tensors that this family does not know: {}{}; --allow-unused "
      "takes the checkpoint without them",
      source_, unused.size(), fmt::join(shown, ", "),
      unused.size() > kShown ? ", ..." : "");
}

}  // namespace eyechart::encoders
