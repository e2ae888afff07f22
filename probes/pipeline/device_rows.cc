#include "probes/pipeline/device_rows.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/tensor.h>
#include <c10/util/Exception.h>

#include <utility>

#include "core/error.h"

namespace eyechart::probes {
namespace {

// Batches under way and what a step of the attentive grid makes of one: about
// 4 GiB at its chunks' bound.
constexpr std::int64_t kWorkBytes = std::int64_t{6} << 30;

}  // namespace

DeviceRows::DeviceRows(const ProbeSide& side, c10::Device device)
    : side_(side), device_(device), uploader_(device) {}

at::Tensor DeviceRows::Load(const at::Tensor& index) {
  if (device_.is_cpu()) return side_.Load(index);
  if (!asked_) Keep();
  if (!kept_.defined()) return uploader_.Up(side_.Load(index, device_));
  Fetch(index);
  return kept_.index_select(0, OnDevice(index, device_));
}

// Asks for the memory when it is first needed: an encoder that is run in
// between takes its own before.
void DeviceRows::Keep() {
  asked_ = true;
  const at::Tensor first = side_.Load(at::tensor({std::int64_t{0}}), device_);
  std::vector<std::int64_t> shape = first.sizes().vec();
  const auto bytes = static_cast<std::int64_t>(first.nbytes()) * side_.size();
  if (bytes > FreeBytes(device_) - kWorkBytes) return;
  shape.front() = side_.size();
  try {
    kept_ =
        at::empty(shape, first.options().device(device_).pinned_memory(false));
  } catch (const c10::OutOfMemoryError&) {
    return;  // another process was faster; batches go up one by one
  }
  there_.assign(static_cast<std::size_t>(side_.size()), 0);
}

void DeviceRows::Fetch(const at::Tensor& index) {
  const at::Tensor wanted = index.contiguous();
  const auto* places = wanted.const_data_ptr<std::int64_t>();
  std::vector<std::int64_t> missing;
  for (std::int64_t i = 0; i < wanted.numel(); ++i) {
    char& there = there_[static_cast<std::size_t>(places[i])];
    if (there == 0) missing.push_back(places[i]);
    there = 1;
  }
  if (missing.empty()) return;
  const at::Tensor rows = at::tensor(missing, at::kLong);
  kept_.index_copy_(0, OnDevice(rows, device_),
                    uploader_.Up(side_.Load(rows, device_)));
}

RowSource::RowSource(DeviceRows& rows, at::Tensor index, Targets targets)
    : rows_(rows), index_(std::move(index)), targets_(std::move(targets)) {
  EYECHART_CHECK(index_.size(0) == targets_.size(), "{} rows, {} targets",
                 index_.size(0), targets_.size());
}

at::Tensor RowSource::Load(const at::Tensor& index, std::int64_t /*epoch*/) {
  return rows_.Load(index_.index_select(0, index));
}

}  // namespace eyechart::probes
