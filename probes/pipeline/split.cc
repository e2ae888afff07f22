#include "probes/pipeline/split.h"

#include <ATen/ops/tensor.h>

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/random.h"

namespace eyechart::probes {
namespace {

using Rows = std::vector<std::int64_t>;

void Shuffle(Rows& rows, std::uint64_t seed, std::uint64_t stream) {
  Random random(seed, stream);
  for (std::size_t i = rows.size(); i > 1; --i)
    std::swap(rows[i - 1], rows[random.Below(i)]);
}

at::Tensor Sorted(Rows rows) {
  std::sort(rows.begin(), rows.end());
  return at::tensor(rows, at::kLong);
}

// Rows that are drawn from together.
std::vector<Rows> Strata(const Targets& targets) {
  if (targets.kind != TargetKind::kClasses) {
    Rows all(static_cast<std::size_t>(targets.size()));
    for (std::size_t i = 0; i < all.size(); ++i)
      all[i] = static_cast<std::int64_t>(i);
    return {all};
  }
  std::vector<Rows> strata(static_cast<std::size_t>(targets.outputs));
  const at::Tensor values = targets.values.contiguous();
  const auto* data = values.const_data_ptr<std::int64_t>();
  for (std::int64_t i = 0; i < targets.size(); ++i)
    strata[static_cast<std::size_t>(data[i])].push_back(i);
  return strata;
}

}  // namespace

Split MakeSplit(const Targets& targets, const SplitOptions& options) {
  EYECHART_REQUIRE(options.validation >= 0 && options.validation < 1,
                   "--validation {}: a share of the training rows, at least 0 "
                   "and below 1",
                   options.validation);
  EYECHART_REQUIRE(options.shots >= 0, "--shots {}: should be at least 1",
                   options.shots);
  EYECHART_REQUIRE(options.shots == 0 || targets.kind == TargetKind::kClasses,
                   "--shots {}: rows a class, which go with --targets classes",
                   options.shots);
  Rows fit;
  Rows validation;
  std::uint64_t stream = 0;
  for (Rows& rows : Strata(targets)) {
    Shuffle(rows, options.seed, stream++);
    if (options.shots > 0)
      rows.resize(
          std::min(rows.size(), static_cast<std::size_t>(options.shots)));
    auto held = static_cast<std::size_t>(
        std::llround(options.validation * static_cast<double>(rows.size())));
    if (options.validation > 0 && rows.size() > 1)
      held = std::clamp<std::size_t>(held, 1, rows.size() - 1);
    if (rows.size() < 2) held = 0;
    const auto cut = rows.end() - static_cast<std::ptrdiff_t>(held);
    fit.insert(fit.end(), rows.begin(), cut);
    validation.insert(validation.end(), cut, rows.end());
  }
  EYECHART_REQUIRE(options.validation == 0 || !validation.empty(),
                   "{} training rows leave none to choose with; give more, or "
                   "--select test, or a grid of one point with --validation 0",
                   fit.size());
  return {Sorted(std::move(fit)), Sorted(std::move(validation))};
}

bool CanHoldOut(const Targets& targets) {
  const std::vector<Rows> strata = Strata(targets);
  return std::any_of(strata.begin(), strata.end(),
                     [](const Rows& rows) { return rows.size() > 1; });
}

}  // namespace eyechart::probes
