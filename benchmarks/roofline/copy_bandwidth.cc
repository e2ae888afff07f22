#include "benchmarks/roofline/copy_bandwidth.h"

#include <algorithm>
#include <barrier>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <memory>
#include <thread>
#include <utility>

#include "benchmarks/load/machine.h"
#include "core/error.h"

namespace eyechart::benchmarks {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::int64_t kLeastBytes = std::int64_t{64} << 20;
constexpr std::int64_t kMostBytes = std::int64_t{1} << 30;

// The compiler may not leave out a copy that nobody reads.
void Keep(const std::byte* data) { asm volatile("" : : "r"(data) : "memory"); }

}  // namespace

std::int64_t DefaultCopyBytes() {
  const Machine machine = ReadMachine();
  std::int64_t largest = 0;
  for (const CpuCache& cache : machine.caches)
    largest = std::max(largest, cache.bytes);
  std::int64_t memory = machine.memory_bytes;
  if (machine.memory_limit_bytes)
    memory = std::min(memory, *machine.memory_limit_bytes);
  const std::int64_t bytes = std::clamp(4 * largest, kLeastBytes, kMostBytes);
  return memory > 0 ? std::min(bytes, std::max(memory / 8, kLeastBytes))
                    : bytes;
}

std::vector<double> MeasureCopyGbps(const CopyOptions& options) {
  EYECHART_REQUIRE(
      options.threads >= 0 && options.bytes >= 0 && options.repetitions >= 1,
      "copy: {} threads, {} bytes, {} repetitions: none may be "
      "below 0, and one repetition is due",
      options.threads, options.bytes, options.repetitions);
  const std::int64_t usable = ReadMachine().usable_threads;
  const std::int64_t threads =
      options.threads > 0 ? options.threads : std::max<std::int64_t>(usable, 1);
  const std::int64_t bytes =
      options.bytes > 0 ? options.bytes : DefaultCopyBytes();
  const auto part =
      static_cast<std::size_t>(std::max<std::int64_t>(bytes / threads, 1));
  std::vector<SteadyClock::time_point> marks;
  marks.reserve(static_cast<std::size_t>(options.repetitions) + 2);
  // Runs while all wait: from one mark to the next every thread copied once.
  std::barrier turn(
      threads, [&marks]() noexcept { marks.push_back(SteadyClock::now()); });
  // Taken here, where a lack of memory can be told of; written first by the
  // thread that copies it, so that its pages lie near to that one.
  using Part = std::unique_ptr<std::byte[]>;
  std::vector<std::pair<Part, Part>> parts;
  for (std::int64_t i = 0; i < threads; ++i)
    parts.emplace_back(std::make_unique_for_overwrite<std::byte[]>(part),
                       std::make_unique_for_overwrite<std::byte[]>(part));
  const auto copy = [&](std::int64_t thread) {
    const auto& [from, to] = parts[static_cast<std::size_t>(thread)];
    std::memset(from.get(), 1, part);
    std::memset(to.get(), 2, part);
    for (int i = 0; i <= options.repetitions; ++i) {
      turn.arrive_and_wait();
      std::memcpy(to.get(), from.get(), part);
      Keep(to.get());
    }
    turn.arrive_and_wait();
  };
  std::vector<std::jthread> others;
  for (std::int64_t i = 1; i < threads; ++i) others.emplace_back(copy, i);
  copy(0);
  others.clear();
  std::vector<double> rates;
  const double moved =
      2.0 * static_cast<double>(part) * static_cast<double>(threads);
  for (std::size_t i = 2; i < marks.size(); ++i)  // the first warms up
    rates.push_back(
        moved / std::chrono::duration<double>(marks[i] - marks[i - 1]).count() *
        1e-9);
  return rates;
}

}  // namespace eyechart::benchmarks
