// The change points of many series, with the false discoveries kept few.
#pragma once

#include <string>
#include <vector>

#include "core/json.h"
#include "reports/history/change_points.h"
#include "reports/history/history_series.h"

namespace eyechart::reports {

struct ChangesOptions {
  /// False discovery rate over all series (Benjamini and Hochberg).
  double alpha = 0.05;
  /// Changes smaller than this share of the mean before are not listed.
  double min_change = 0;
  /// alpha and draws are set from the number of series.
  ChangePointOptions steps;
  int threads = 0;  // 0: one a hardware thread
};

struct SeriesChange {
  std::size_t series = 0;  // into SeriesSet::series
  ChangePoint point;
  double p_adjusted = 1;  // of the series: that it has any change
  /// "better", "worse", or "changed" where neither direction is.
  std::string verdict;
  /// Of weights, preprocessing and data, what is not the same in the first run
  /// after the change as in the last before it.
  std::vector<std::string> inputs;
};

struct Changes {
  std::vector<SeriesChange> changes;  // newest first, then the larger
  std::size_t tested = 0;             // series long enough for a test
  double level = 0;                   // of a step, as the family asked it
};

/// A series is said to change where its best split is significant among those
/// of all series; its further change points are looked for at the level alpha
/// times the share of series that change (Benjamini and Yekutieli 2005).
Changes FindChanges(const SeriesSet& set, const ChangesOptions& options = {});

/// The changes as a JSON list, for `history changes --json`.
Json ChangesToJson(const SeriesSet& set, const Changes& changes);

}  // namespace eyechart::reports
