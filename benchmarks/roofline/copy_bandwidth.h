// The rate at which memory is copied, as STREAM's Copy counts it (McCalpin
// 1995, "Memory bandwidth and machine balance in current high performance
// computers").
#pragma once

#include <cstdint>
#include <vector>

namespace eyechart::benchmarks {

struct CopyOptions {
  // Threads that copy a part each; 0: all that the process may run on.
  int threads = 0;
  // Of each of the two arrays. 0: four times the largest cache, as STREAM's
  // rules ask for, at least 64 MiB and at most 1 GiB or an eighth of memory.
  std::int64_t bytes = 0;
  int repetitions = 7;  // timed ones; one more goes before them
};

/// Bytes an array by default, on this machine.
std::int64_t DefaultCopyBytes();

/// 10^9 bytes a second, one number a repetition: bytes read and bytes written,
/// not the lines that a cache reads before it writes them. Each thread copies
/// memory that it has written first, with memcpy. Throws InputError for
/// options below 1.
std::vector<double> MeasureCopyGbps(const CopyOptions& options = {});

}  // namespace eyechart::benchmarks
