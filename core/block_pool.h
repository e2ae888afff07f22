// Large blocks of memory that are kept when they are returned, for the next one
// that asks for as much.
#pragma once

#include <cstddef>
#include <list>
#include <mutex>
#include <unordered_map>

namespace eyechart {

/// Blocks are aligned to huge pages (2 MiB), which the system is asked for: a
/// map of 100 MB is then 50 page faults, not 25,000, and takes few entries of
/// page tables. What was in use at most beyond that which lasts, since Release,
/// is what a pass needs; in use and kept together never come to more than twice
/// that beside what lasts. Of what would be more, the blocks that were returned
/// first go back to the system. Thread-safe.
class BlockPool {
 public:
  BlockPool() = default;
  ~BlockPool();
  BlockPool(const BlockPool&) = delete;
  BlockPool& operator=(const BlockPool&) = delete;

  /// At least `bytes`, aligned to 2 MiB, with undefined values: a kept block
  /// that is at most a quarter too large, or a new one. Null where the system
  /// has none left.
  void* Take(std::size_t bytes);
  /// Takes back what Take gave; false for what it did not.
  bool Return(void* block);
  /// Whether `memory` may be a block of some pool, by its address alone: a
  /// quick answer before Return's sure one.
  static bool MayBeBlock(const void* memory);
  /// Gives all that is kept back to the system. What is in use now is taken
  /// for what lasts, as a model that has been loaded.
  void Release();

  std::size_t in_use() const;  // bytes
  std::size_t kept() const;    // bytes

 private:
  struct Kept {
    void* block;
    std::size_t bytes;
  };
  void DropOldest();
  void KeepWithinBound();

  mutable std::mutex mutex_;
  std::unordered_map<void*, std::size_t> sizes_;  // of blocks in use, bytes
  std::list<Kept> kept_blocks_;                   // oldest first
  std::size_t in_use_ = 0;
  std::size_t kept_ = 0;
  std::size_t lasting_ = 0;  // least in use since Release
  std::size_t passing_ = 0;  // most in use beyond that
};

}  // namespace eyechart
