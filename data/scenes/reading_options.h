// The four options of an instrument's question.
#pragma once

#include <functional>
#include <span>
#include <string>

#include "data/scenes/random.h"
#include "data/scenes/reading.h"

namespace eyechart::scenes::internal {

/// The step's difficulty; throws InputError for a step out of range.
double StepOf(const ReadingInfo& info, int step);

/// Fills `options` and `answer` with the true value and the first three of
/// `misses` that lie at least `distance` from it, differ from one another in
/// text, and lie on the scale. A `period` above 0 wraps values; else those
/// outside low..high are left out. There must be three.
void FillOptions(Reading& reading,
                 Rng& rng,
                 std::span<const double> misses,
                 double distance,
                 double period,
                 const std::function<std::string(double)>& text);

}  // namespace eyechart::scenes::internal
