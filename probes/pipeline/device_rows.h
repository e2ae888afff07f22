// Side rows as heads on a device read them.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include <cstdint>
#include <vector>

#include "probes/heads/device_tensors.h"
#include "probes/pipeline/probe_side.h"

namespace eyechart::probes {

/// Rows of a side on `device`. Where all of them fit into its free memory, with
/// 6 GiB left to work in, they are read once and kept there; else they go up
/// batch by batch from pinned memory, beside what the device computes. For the
/// CPU it is the side itself.
class DeviceRows {
 public:
  /// `side` outlives this.
  DeviceRows(const ProbeSide& side, c10::Device device);

  /// Side rows `index` (m) int64 on the host: (m, d) or (m, T, C) float32 on
  /// the device. Throws as ProbeSide::Load.
  at::Tensor Load(const at::Tensor& index);

  const ProbeSide& side() const { return side_; }

 private:
  void Keep();
  void Fetch(const at::Tensor& index);

  const ProbeSide& side_;
  c10::Device device_;
  Uploader uploader_;
  bool asked_ = false;       // whether they fit
  at::Tensor kept_;          // (n, d) or (n, T, C); not defined: they do not
  std::vector<char> there_;  // rows of kept_ that have been read
};

/// Rows `index` with their targets, as batches.
class RowSource final : public BatchSource {
 public:
  /// `rows` outlives the source; `targets` are those of `index`'s rows.
  RowSource(DeviceRows& rows, at::Tensor index, Targets targets);
  std::int64_t size() const override { return index_.size(0); }
  const Targets& targets() const override { return targets_; }
  at::Tensor Load(const at::Tensor& index, std::int64_t epoch) override;

 private:
  DeviceRows& rows_;
  at::Tensor index_;
  Targets targets_;
};

}  // namespace eyechart::probes
