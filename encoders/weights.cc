#include "encoders/weights.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "core/error.h"
#include "core/memory.h"
#include "core/text.h"
#include "encoders/tensor_memory.h"

namespace eyechart::encoders {
namespace {

constexpr std::size_t kShown = 5;          // names in one error
constexpr std::size_t kMostMissing = 512;  // then it is another model

template <typename Extents>
double Elements(const Extents& shape) {
  double elements = 1;
  for (const std::int64_t extent : shape)
    elements *= static_cast<double>(extent);
  return elements;
}

std::string FirstOf(const std::vector<std::string>& names) {
  const auto shown =
      static_cast<std::ptrdiff_t>(std::min(kShown, names.size()));
  return fmt::format("{}{}",
                     fmt::join(names.begin(), names.begin() + shown, ", "),
                     names.size() > kShown ? ", ..." : "");
}

}  // namespace

WeightStore::WeightStore(const Checkpoint& checkpoint,
                         std::span<const KeyLayout> layouts)
    : source_(checkpoint.weight_files.size() == 1
                  ? checkpoint.weight_files.front().string()
                  : checkpoint.folder.string()) {
  const KeyLayout* layout = nullptr;
  for (const auto& path : checkpoint.weight_files) {
    files_.push_back(WeightFile::Open(path));
    if (layout == nullptr)
      layout = FindLayout(layouts, files_.back()->tensors());
  }
  if (layout != nullptr) layout_ = layout->name;
  const auto add = [&](const WeightFile& file, const std::string& name,
                       const StoredTensor& tensor) {
    const auto [it, fresh] = where_.emplace(name, Place{&file, tensor});
    EYECHART_REQUIRE(fresh, "{}: tensor {} is in {} too", file.path().string(),
                     name, it->second.file->path().string());
    elements_ += Elements(tensor.shape);
  };
  for (const auto& file : files_) {
    for (const auto& [name, tensor] : file->tensors()) {
      if (layout == nullptr) {
        add(*file, name, tensor);
        continue;
      }
      for (const MappedTensor& mapped :
           MapKey(*layout, name, tensor, file->path().string()))
        add(*file, mapped.name, mapped.tensor);
    }
  }
}

WeightStore::~WeightStore() {
  ReleaseTensorMemory();
  ReturnFreedMemory();
}

void WeightStore::Read(const Place& place, const at::Tensor& out) {
  // Both would stand beside the model until it is whole: the file's pages, and
  // the gaps that copies leave when they have been packed.
  constexpr std::size_t kReadBetweenReturns = std::size_t{64} << 20;
  if (read_ > kReadBetweenReturns) {
    ReleaseTensorMemory();
    ReturnFreedMemory();
    read_ = 0;
  }
  read_ += out.nbytes();
  out.copy_(place.tensor.view);
  place.file->Release(place.tensor.view);
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
  return Find(name).tensor.shape;
}

const WeightStore::Place* WeightStore::Checked(
    const std::string& name, const std::vector<std::int64_t>& shape) {
  if (!Has(name)) {
    missing_.push_back(name);
    if (missing_.size() > kMostMissing || Elements(shape) > elements_)
      RequireComplete();
    return nullptr;
  }
  const Place& place = Find(name);
  EYECHART_REQUIRE(
      place.tensor.shape == shape,
      "{}: tensor {} has shape [{}]; the model's configuration asks for [{}]",
      place.file->path().string(), name, fmt::join(place.tensor.shape, ", "),
      fmt::join(shape, ", "));
  EYECHART_REQUIRE(place.tensor.view.defined(),
                   "{}: tensor {} is of type {}; F32, F16, BF16 and F64 are "
                   "read (quantised weights are not)",
                   place.file->path().string(), name, place.tensor.dtype);
  Acknowledge(name);
  return &place;
}

at::Tensor WeightStore::Take(const std::string& name,
                             const std::vector<std::int64_t>& shape) {
  const Place* place = Checked(name, shape);
  if (place == nullptr) return at::zeros(shape);
  const at::Tensor tensor = at::empty(shape, c10::kFloat);
  Read(*place, tensor);
  return tensor;
}

at::Tensor WeightStore::TakeStacked(const std::vector<std::string>& names,
                                    const std::vector<std::int64_t>& shape) {
  // Checked before memory is taken for them.
  std::vector<const Place*> places;
  for (const std::string& name : names) places.push_back(Checked(name, shape));
  std::vector<std::int64_t> stacked = shape;
  stacked.front() *= static_cast<std::int64_t>(names.size());
  const at::Tensor tensor = at::zeros(stacked, c10::kFloat);
  for (std::size_t i = 0; i < places.size(); ++i) {
    if (places[i] == nullptr) continue;
    Read(*places[i],
         tensor.narrow(0, static_cast<std::int64_t>(i) * shape.front(),
                       shape.front()));
  }
  return tensor;
}

void WeightStore::Acknowledge(const std::string& name) {
  if (used_.insert(name).second)
    parameters_ += static_cast<std::int64_t>(Elements(Find(name).tensor.shape));
}

void WeightStore::RequireComplete() const {
  if (missing_.empty()) return;
  if (missing_.size() == 1) Find(missing_.front());
  ThrowInput("{}: {} tensors are missing: {}", source_, missing_.size(),
             FirstOf(missing_));
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
  EYECHART_REQUIRE(unused.empty(),
                   "{}: {} tensors that this family does not know: {}; "
                   "--allow-unused takes the checkpoint without them",
                   source_, unused.size(), FirstOf(unused));
}

void WeightStore::Finish(const IgnoredKeys& ignored,
                         const EncoderOptions& options,
                         EncoderInfo& info) const {
  info.parameters = parameters_;
  info.layout = layout_;
  info.missing_keys = missing_;
  info.unused_keys = Unused(ignored);
  Finish(ignored, options);
}

void WeightStore::Finish(const IgnoredKeys& ignored,
                         const EncoderOptions& options) const {
  if (!options.allow_missing) RequireComplete();
  if (!options.allow_unused) RequireAllUsed(Unused(ignored));
}

}  // namespace eyechart::encoders
