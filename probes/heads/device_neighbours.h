// The exact k-NN search with its products on a device.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include <cstdint>

#include "probes/heads/nearest_neighbours.h"

namespace eyechart::probes {

/// A tile of cosines is `queries` x `rows` float32: 512 MiB.
struct DeviceSearchOptions {
  std::int64_t queries = 2048;
  std::int64_t rows = 65536;
  /// Rows selected beside the k: enough for what rounding leaves open among
  /// features that are no copies of each other.
  std::int64_t spare = 64;
};

/// FindNearest's exact engine with its products on `device`, which selects the
/// k + spare greatest float32 cosines of a query. They hold every row that
/// rounding could lift among the k nearest where the last of them lies more
/// than the rounding of two cosines behind the k-th; the CPU then decides, as
/// it does by itself. A query for which they do not (very many rows as near as
/// the k-th) is left to the CPU's own search. `k` is at most the rows of
/// `train`.
Neighbours FindNearestOnDevice(const at::Tensor& train,
                               const at::Tensor& test,
                               std::int64_t k,
                               const VoteUse* use,
                               c10::Device device,
                               const DeviceSearchOptions& options = {});

}  // namespace eyechart::probes
