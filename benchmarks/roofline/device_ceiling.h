// Both roofs of a device other than the processor: products by LibTorch, which
// is what encoders multiply with there, and copies within its memory.
#pragma once

#include <c10/core/Device.h>

#include <cstdint>
#include <string>
#include <vector>

#include "benchmarks/roofline/product_ceiling.h"
#include "benchmarks/roofline/roofline.h"

namespace eyechart::benchmarks {

struct DeviceCeilingOptions {
  // "fp32", "bf16" or "fp16".
  std::vector<std::string> dtypes = {"fp32", "bf16", "fp16"};
  // Layers of a ViT-B/16 and of a ViT-L/14 at batch 256, and a square one,
  // each large enough to fill a GPU.
  std::vector<ProductShape> shapes = {{50432, 768, 3072},
                                      {50432, 3072, 768},
                                      {65792, 1024, 4096},
                                      {8192, 8192, 8192}};
  // Of each of the two arrays: five times the second cache of an H200.
  std::int64_t copy_bytes = std::int64_t{256} << 20;
  // Of one timing, so that launches and the wait at its end are little of it;
  // 0: one call.
  double min_seconds = 0.02;
  int repetitions = 7;  // rounds over all of them, after one to warm up
};

/// In this process and at this hour, on the default stream; fp32 products
/// round as the process allows (encoders::AllowTf32), which `kernel` says. A
/// processor, too, is measured so (for tests). One product's operands and
/// result are in memory at a time, or the two arrays: 1.4 GB at most by
/// default. Throws InputError for an unknown dtype, without a shape, for a side
/// of one, copies or repetitions below 1 and for less than 0 seconds;
/// c10::Error where memory does not suffice.
MachineCeilings MeasureDeviceCeilings(const c10::Device& device,
                                      const DeviceCeilingOptions& options = {});

}  // namespace eyechart::benchmarks
