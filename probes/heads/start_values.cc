#include "probes/heads/start_values.h"

#include <ATen/ops/empty.h>

#include <cmath>
#include <numbers>

#include "core/error.h"
#include "core/random.h"

namespace eyechart::probes {

at::Tensor NormalValues(const std::vector<std::int64_t>& shape,
                        double deviation,
                        std::uint64_t seed,
                        std::uint64_t stream) {
  Random random(seed, stream);
  at::Tensor made = at::empty(shape, at::kFloat);
  auto* out = made.mutable_data_ptr<float>();
  for (std::int64_t i = 0; i < made.numel(); ++i) {
    // Box and Muller 1958; 1 - u is never 0.
    const double radius = std::sqrt(-2 * std::log(1 - random.Uniform()));
    const double angle = 2 * std::numbers::pi * random.Uniform();
    out[i] = static_cast<float>(deviation * radius * std::cos(angle));
  }
  return made;
}

at::Tensor XavierValues(const std::vector<std::int64_t>& shape,
                        std::uint64_t seed,
                        std::uint64_t stream) {
  EYECHART_CHECK(shape.size() == 2, "{} dimensions", shape.size());
  Random random(seed, stream);
  const double bound =
      std::sqrt(6.0 / static_cast<double>(shape[0] + shape[1]));
  at::Tensor made = at::empty(shape, at::kFloat);
  auto* out = made.mutable_data_ptr<float>();
  for (std::int64_t i = 0; i < made.numel(); ++i)
    out[i] = static_cast<float>(bound * (2 * random.Uniform() - 1));
  return made;
}

}  // namespace eyechart::probes
