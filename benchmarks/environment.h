// The machine and the software that a number was measured with.
#pragma once

#include <string>

#include "core/json.h"

namespace eyechart::benchmarks {

/// What environment.json holds: eyechart, LibTorch and compiler versions, CPU
/// model and instruction sets in use, hardware threads, memory, kernel, device,
/// threads. Nothing in it names a person, a host or a folder.
Json DescribeEnvironment(const std::string& device, int threads);

/// First 16 hexadecimal digits of the SHA-256 of the canonical JSON: what
/// records carry.
std::string EnvironmentHash(const Json& environment);

}  // namespace eyechart::benchmarks
