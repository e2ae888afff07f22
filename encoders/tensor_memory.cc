#include "encoders/tensor_memory.h"

#include <c10/core/Allocator.h>
#include <c10/core/CPUAllocator.h>
#include <c10/core/Device.h>

#include <atomic>

#include "core/block_pool.h"

namespace eyechart::encoders {
namespace {

// Below, glibc's heap is as fast, and a huge page would be mostly empty.
constexpr std::size_t kLeast = std::size_t{2} << 20;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kPooled = false;
#else
constexpr bool kPooled = true;
#endif

std::atomic<bool> installed{false};

// Never destroyed: tensors with static lifetime return to it.
BlockPool& TensorPool() {
  static BlockPool* const pool = new BlockPool();
  return *pool;
}

// Of the pool or of the heap: callers free what they got without saying which.
void Free(void* memory) {
  if (!BlockPool::MayBeBlock(memory) || !TensorPool().Return(memory))
    c10::GetDefaultCPUAllocator()->raw_deallocate(memory);
}

class PoolAllocator final : public c10::Allocator {
 public:
  c10::DataPtr allocate(std::size_t bytes) override {
    void* memory = bytes < kLeast ? nullptr : TensorPool().Take(bytes);
    // The default one says what is wrong where there is no memory left.
    if (memory == nullptr)
      memory = c10::GetDefaultCPUAllocator()->raw_allocate(bytes);
    return {memory, memory, &Free, c10::Device(c10::kCPU)};
  }
  // oneDNN's memory, that of packed weights, comes without a DataPtr.
  c10::DeleterFnPtr raw_deleter() const override { return &Free; }
  void copy_data(void* to, const void* from, std::size_t bytes) const override {
    default_copy_data(to, from, bytes);
  }
};

}  // namespace

void KeepTensorMemory() {
  if (!kPooled || installed.exchange(true)) return;
  static PoolAllocator* const allocator = new PoolAllocator();
  c10::SetCPUAllocator(allocator);
}

void ReleaseTensorMemory() {
  if (installed) TensorPool().Release();
}

TensorMemory GetTensorMemory() {
  if (!installed) return {};
  return {TensorPool().in_use(), TensorPool().kept()};
}

}  // namespace eyechart::encoders
