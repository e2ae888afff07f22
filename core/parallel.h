// A loop on threads of its own: for rooms without LibTorch, and for work that
// waits for files, beside LibTorch's pool.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace eyechart {

/// `threads`, or one a hardware thread where it is 0.
inline int ThreadCount(int threads) {
  const auto all = static_cast<int>(std::thread::hardware_concurrency());
  return threads > 0 ? threads : std::max(all, 1);
}

/// Calls work(i, thread) for i in 0 ... n - 1, in order of i within a thread;
/// the first exception is thrown again here.
template <typename Work>
void ParallelFor(std::size_t n, int threads, const Work& work) {
  std::atomic<std::size_t> next{0};
  std::exception_ptr error;
  std::mutex mutex;
  const auto run = [&](int thread) {
    try {
      for (std::size_t i = next++; i < n; i = next++) work(i, thread);
    } catch (...) {
      const std::lock_guard lock(mutex);
      if (!error) error = std::current_exception();
      next = n;
    }
  };
  std::vector<std::thread> others;
  const auto wanted = static_cast<int>(
      std::min(static_cast<std::size_t>(ThreadCount(threads)), n));
  for (int thread = 1; thread < wanted; ++thread)
    others.emplace_back(run, thread);
  run(0);
  for (std::thread& other : others) other.join();
  if (error) std::rethrow_exception(error);
}

}  // namespace eyechart
