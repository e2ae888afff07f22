#include "reports/gate/multiple_testing.h"

#include <algorithm>
#include <numeric>

namespace eyechart::reports {

std::vector<double> BenjaminiHochberg(std::span<const double> p) {
  std::vector<std::size_t> order(p.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [p](std::size_t a, std::size_t b) { return p[a] < p[b]; });
  std::vector<double> adjusted(p.size());
  const auto m = static_cast<double>(p.size());
  double least = 1;
  for (std::size_t rank = p.size(); rank > 0; --rank) {
    const std::size_t i = order[rank - 1];
    least = std::min(least, p[i] * m / static_cast<double>(rank));
    adjusted[i] = least;
  }
  return adjusted;
}

}  // namespace eyechart::reports
