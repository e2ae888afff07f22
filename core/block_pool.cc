#include "core/block_pool.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdint>
#include <limits>

namespace eyechart {
namespace {

constexpr std::size_t kHugePage = std::size_t{2} << 20;
// Sizes are whole multiples: fewer of them, so that more blocks fit again.
constexpr std::size_t kGrain = std::size_t{256} << 10;

// `bytes` is whole grains. Null where there are none left.
void* Map(std::size_t bytes) {
  // One page more, so that an aligned part can be cut out.
  void* mapped = ::mmap(nullptr, bytes + kHugePage, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) return nullptr;
  auto* const begin = static_cast<std::byte*>(mapped);
  const std::size_t over = reinterpret_cast<std::uintptr_t>(begin) % kHugePage;
  const std::size_t before = over == 0 ? 0 : kHugePage - over;
  if (before > 0) ::munmap(begin, before);
  std::byte* const block = begin + before;
  ::munmap(block + bytes, kHugePage - before);
#ifdef MADV_HUGEPAGE
  // A wish; where it is not granted, small pages do.
  ::madvise(block, bytes, MADV_HUGEPAGE);
#endif
  return block;
}

}  // namespace

BlockPool::~BlockPool() { Release(); }

void* BlockPool::Take(std::size_t bytes) {
  if (bytes > std::numeric_limits<std::size_t>::max() - 2 * kHugePage)
    return nullptr;
  const std::size_t whole =
      std::max((bytes + kGrain - 1) / kGrain, std::size_t{1}) * kGrain;
  const std::lock_guard lock(mutex_);
  auto best = kept_blocks_.end();
  for (auto it = kept_blocks_.begin(); it != kept_blocks_.end(); ++it)
    if (it->bytes >= whole && it->bytes <= whole + whole / 4 &&
        (best == kept_blocks_.end() || it->bytes <= best->bytes))
      best = it;
  Kept got{nullptr, whole};
  if (best != kept_blocks_.end()) {
    got = *best;
    kept_ -= got.bytes;
    kept_blocks_.erase(best);
  } else {
    got.block = Map(whole);
    while (got.block == nullptr && !kept_blocks_.empty()) {
      DropOldest();
      got.block = Map(whole);
    }
    if (got.block == nullptr) return nullptr;
  }
  sizes_.emplace(got.block, got.bytes);
  in_use_ += got.bytes;
  passing_ = std::max(passing_, in_use_ - lasting_);
  KeepWithinBound();
  return got.block;
}

bool BlockPool::MayBeBlock(const void* memory) {
  return reinterpret_cast<std::uintptr_t>(memory) % kHugePage == 0;
}

bool BlockPool::Return(void* block) {
  const std::lock_guard lock(mutex_);
  const auto it = sizes_.find(block);
  if (it == sizes_.end()) return false;
  const std::size_t bytes = it->second;
  sizes_.erase(it);
  in_use_ -= bytes;
  lasting_ = std::min(lasting_, in_use_);
  kept_blocks_.push_back({block, bytes});
  kept_ += bytes;
  KeepWithinBound();
  return true;
}

void BlockPool::Release() {
  const std::lock_guard lock(mutex_);
  while (!kept_blocks_.empty()) DropOldest();
  lasting_ = in_use_;
  passing_ = 0;
}

std::size_t BlockPool::in_use() const {
  const std::lock_guard lock(mutex_);
  return in_use_;
}

std::size_t BlockPool::kept() const {
  const std::lock_guard lock(mutex_);
  return kept_;
}

void BlockPool::KeepWithinBound() {
  while (!kept_blocks_.empty() && in_use_ - lasting_ + kept_ > 2 * passing_)
    DropOldest();
}

void BlockPool::DropOldest() {
  const Kept oldest = kept_blocks_.front();
  kept_blocks_.pop_front();
  kept_ -= oldest.bytes;
  ::munmap(oldest.block, oldest.bytes);
}

}  // namespace eyechart
