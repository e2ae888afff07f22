// Which training rows fit a head and which choose among heads.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "probes/heads/targets.h"

namespace eyechart::probes {

struct SplitOptions {
  /// Rows a class to keep at all, drawn by the seed; 0: all. For classes only.
  std::int64_t shots = 0;
  /// Share of the kept rows that choose instead of fit; 0: none. DINOv2's
  /// logistic regression holds out a tenth.
  double validation = 0.1;
  std::uint64_t seed = 0;
};

/// Rows of the training side, each part in ascending order.
struct Split {
  at::Tensor fit;         // int64
  at::Tensor validation;  // int64
};

/// Draws class by class, so that each class keeps its share; a class of one row
/// stays with those that fit, one of two or more gives at least one row. Labels
/// and numbers are drawn as they come. The same seed and rows give the same
/// split, and more shots of the same seed hold the fewer. Throws InputError for
/// a share outside [0, 1), or where no row would be left to choose with.
Split MakeSplit(const Targets& targets, const SplitOptions& options);

/// Whether MakeSplit can leave a row to choose with: some class has two.
bool CanHoldOut(const Targets& targets);

}  // namespace eyechart::probes
