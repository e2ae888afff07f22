// The machine and the software that a number was measured with.
#pragma once

#include <string>
#include <vector>

#include "core/json.h"

namespace eyechart::benchmarks {

/// What environment.json holds: eyechart, compiler and commit, how it was built
/// and with which allocator, LibTorch and the other libraries' versions, CPU
/// model and instruction sets, caches, NUMA nodes, governor, limits of the
/// container, memory, kernel, device, threads. Nothing in it names a person, a
/// host or a folder, and nothing that moves from moment to moment is in it
/// (loads, free memory, clocks): two runs of one build on one machine hold the
/// same. `used` are the devices whose GPUs are described, where `device` is no
/// device's name ("as in the suite"); empty: `device`.
Json DescribeEnvironment(const std::string& device,
                         int threads,
                         const std::vector<std::string>& used = {});

/// First 16 hexadecimal digits of the SHA-256 of the canonical JSON: what
/// records carry.
std::string EnvironmentHash(const Json& environment);

}  // namespace eyechart::benchmarks
