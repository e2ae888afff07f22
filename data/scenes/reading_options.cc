#include "data/scenes/reading_options.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/error.h"

namespace eyechart::scenes::internal {

double StepOf(const ReadingInfo& info, int step) {
  const auto steps = static_cast<int>(info.steps.size());
  EYECHART_REQUIRE(step >= 0 && step < steps, "{}: step {} should be 0 to {}",
                   info.name, step, steps - 1);
  return info.steps[static_cast<std::size_t>(step)];
}

void FillOptions(Reading& reading,
                 Rng& rng,
                 std::span<const double> misses,
                 double distance,
                 double period,
                 const std::function<std::string(double)>& text) {
  const std::string right = text(reading.value);
  std::vector<std::string> options = {right};
  for (double miss : misses) {
    if (options.size() == 4) break;
    if (period > 0)
      miss -= period * std::floor(miss / period);
    else if (miss < reading.low || miss > reading.high)
      continue;
    double away = std::abs(miss - reading.value);
    if (period > 0) away = std::min(away, period - away);
    // Rounding of the scale's steps must not drop a miss at the very distance.
    if (away < distance * (1 - 1e-9)) continue;
    std::string candidate = text(miss);
    if (std::find(options.begin(), options.end(), candidate) == options.end())
      options.push_back(std::move(candidate));
  }
  EYECHART_CHECK(options.size() == 4, "{} options for {}", options.size(),
                 right);
  rng.Shuffle(options);
  for (std::size_t i = 0; i < 4; ++i) {
    if (options[i] == right) reading.answer = static_cast<char>('a' + i);
    reading.options[i] = std::move(options[i]);
  }
}

}  // namespace eyechart::scenes::internal
