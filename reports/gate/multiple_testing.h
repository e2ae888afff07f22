// Many tests at once.
#pragma once

#include <span>
#include <vector>

namespace eyechart::reports {

/// The p values adjusted so that those at or below q have a false discovery
/// rate of at most q (Benjamini and Hochberg 1995, step-up): the least of
/// p_(j) m / j over all ranks j from the value's own on, at most 1. In the
/// order given; holds for tests that are independent or positively dependent.
std::vector<double> BenjaminiHochberg(std::span<const double> p);

}  // namespace eyechart::reports
