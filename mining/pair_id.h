// A pair's name, the same in every run and list.
#pragma once

#include <string>

namespace eyechart::mining {

/// The first 8 hexadecimal digits of the SHA-256 of the two pictures' ids with
/// a line feed between, the lesser in byte order first: the order of a and b,
/// thresholds and other pairs do not change it. Among 1000 pairs two share one
/// with a probability of 1e-4.
std::string PairId(const std::string& id_a, const std::string& id_b);

}  // namespace eyechart::mining
