// Where large CPU tensors live: a pool that keeps what they leave.
#pragma once

#include <cstddef>

namespace eyechart::encoders {

/// From here on CPU tensors of 2 MiB and more come from a pool of the process
/// (core/block_pool.h). By default each large activation map is mapped, filled
/// with zeros by the system and given back, anew in every layer. For programs,
/// at the start of main: it is LibTorch's allocator that is replaced. Does
/// nothing under AddressSanitizer and ThreadSanitizer, from which a pool would
/// hide what they look for, nor when it is called again.
void KeepTensorMemory();

/// Gives what the pool keeps back to the system, as when a model has been
/// loaded or one that is done with goes.
void ReleaseTensorMemory();

/// Bytes of the pool: of tensors, and kept for others. Zero without one.
struct TensorMemory {
  std::size_t in_use = 0;
  std::size_t kept = 0;
};
TensorMemory GetTensorMemory();

}  // namespace eyechart::encoders
