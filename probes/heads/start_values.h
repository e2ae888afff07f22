// What parameters start from, the same on every machine.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace eyechart::probes {

/// float32 of `shape`, normal with mean 0 and `deviation`, from the stream
/// (seed, stream).
at::Tensor NormalValues(const std::vector<std::int64_t>& shape,
                        double deviation,
                        std::uint64_t seed,
                        std::uint64_t stream);

/// float32 of `shape` (out, in), uniform in +-sqrt(6 / (in + out)) (Glorot and
/// Bengio 2010: "Xavier").
at::Tensor XavierValues(const std::vector<std::int64_t>& shape,
                        std::uint64_t seed,
                        std::uint64_t stream);

}  // namespace eyechart::probes
