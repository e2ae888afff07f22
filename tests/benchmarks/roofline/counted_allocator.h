// Memory of LibTorch's tensors on the processor, counted and limited.
#pragma once

#include <c10/core/Allocator.h>
#include <c10/core/CPUAllocator.h>
#include <c10/util/Exception.h>

#include <atomic>
#include <cstddef>
#include <limits>
#include <memory>
#include <utility>

namespace eyechart::testing {

/// The processor's allocator for as long as it lives; at most one at a time.
/// Tensors may outlive it.
class CountedAllocator final : public c10::Allocator {
 public:
  /// An allocation that would bring it over `limit` bytes throws c10::Error, as
  /// a GPU that is full does.
  explicit CountedAllocator(
      std::size_t limit = std::numeric_limits<std::size_t>::max())
      : limit_(limit), before_(c10::GetCPUAllocator()) {
    live_ = most_ = 0;
    c10::SetCPUAllocator(this);
  }
  CountedAllocator(const CountedAllocator&) = delete;
  CountedAllocator& operator=(const CountedAllocator&) = delete;
  ~CountedAllocator() override { c10::SetCPUAllocator(before_); }

  c10::DataPtr allocate(std::size_t size) override {
    TORCH_CHECK(size <= limit_ && live_ + size <= limit_,
                "out of memory: ", size, " bytes of ", limit_);
    auto block = std::make_unique<Block>(Block{before_->allocate(size), size});
    live_ += size;
    if (live_ > most_) most_ = live_.load();
    void* data = block->data.get();
    return {data, block.release(), Free, c10::kCPU};
  }
  void copy_data(void* to, const void* from, std::size_t size) const override {
    default_copy_data(to, from, size);
  }

  /// Bytes that were in use at a time.
  std::size_t most() const { return most_; }

 private:
  struct Block {
    c10::DataPtr data;
    std::size_t size;
  };
  static void Free(void* context) {
    const std::unique_ptr<Block> block(static_cast<Block*>(context));
    live_ -= block->size;
  }

  static inline std::atomic<std::size_t> live_ = 0;
  static inline std::atomic<std::size_t> most_ = 0;
  const std::size_t limit_;
  c10::Allocator* const before_;
};

}  // namespace eyechart::testing
