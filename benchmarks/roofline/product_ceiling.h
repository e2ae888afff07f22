// The rate of matrix products on packed weights, which no encoder's layers can
// pass.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "benchmarks/roofline/roofline.h"

namespace eyechart::benchmarks {

/// (rows, inner) times (inner, columns).
struct ProductShape {
  std::int64_t rows = 0, inner = 0, columns = 0;
};

struct ProductOptions {
  // "fp32", "bf16" or "fp16". One that does not pay on the processor is left
  // out (encoders::OneDnnPays), as encoders compute in float32 there.
  std::vector<std::string> dtypes = {"fp32", "bf16"};
  // Layers of a ViT-B/16 and of a ViT-L/14 at batch 8, and a square one: which
  // runs best is the machine's.
  std::vector<ProductShape> shapes = {{1576, 768, 3072},
                                      {1576, 3072, 768},
                                      {2056, 1024, 4096},
                                      {2048, 2048, 2048}};
  int repetitions = 7;  // rounds over all of them, after one to warm up
};

/// One a dtype: of every shape, by oneDNN on packed weights and by what
/// encoders multiply with, the best. All take turns, so that a busy moment
/// meets all of them. On the CPU, on LibTorch's threads. Throws InputError for
/// an unknown dtype and for repetitions below 1.
std::vector<ProductRoof> MeasureProducts(const ProductOptions& options = {});

struct CeilingOptions {
  // LibTorch's and the copy's; 0: LibTorch's as they are set. LibTorch's
  // number is put back at the end.
  int threads = 0;
  std::int64_t copy_bytes = 0;  // CopyOptions::bytes
  ProductOptions products;
  int repetitions = 7;  // of both
};

/// Both roofs, in this process and at this hour: to be called beside what is
/// compared with them. Some five seconds on two threads, more without AVX-512.
/// Throws InputError as the two do.
MachineCeilings MeasureCeilings(const CeilingOptions& options = {});

}  // namespace eyechart::benchmarks
