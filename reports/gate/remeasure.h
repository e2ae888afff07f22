// Measuring again before failing: the seam for `gate --confirm` and `--ab`,
// which run suites and so live above this room.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "reports/gate/gate.h"

namespace eyechart::reports {

/// Both builds measured anew, interleaved: run folders whose samples carry
/// common pairs (item_pairs.h).
struct Remeasured {
  RunFolder baseline;
  RunFolder candidate;
  /// Of the baseline's build, where its old run stands in for a new one; none
  /// where both were interleaved.
  Noise noise;
};

class Remeasure {
 public:
  virtual ~Remeasure() = default;

  /// Measures `cells` (the baseline's names) with both builds, `pairs`
  /// interleaved pairs each. Cells that cannot be measured have no records.
  virtual Remeasured Measure(std::span<const std::string> cells,
                             std::int64_t pairs) = 0;
};

/// Measures the regressed and inconclusive cells of `result` once more and puts
/// the new verdicts in place of theirs; a cell that the second measurement
/// lacks keeps its own. Verdict and exit code follow. Nothing to confirm: not
/// measured.
GateResult Confirm(GateResult result,
                   Remeasure& remeasure,
                   std::int64_t pairs,
                   const Policy& policy,
                   const GateOptions& options = {});

}  // namespace eyechart::reports
