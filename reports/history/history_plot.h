// Trend charts of the history: for the HTML report, and as a file of their own.
#pragma once

#include <string>
#include <vector>

#include "reports/history/history_changes.h"
#include "reports/history/history_series.h"
#include "reports/trend.h"

namespace eyechart::reports {

/// A trend a (cell, metric, unit) of the set, those that changed first, then by
/// cell and metric. Runs are numbered from 1 within each trend.
std::vector<Trend> TrendsOf(const SeriesSet& set, const Changes& changes);

/// The trends below each other as one SVG file with a legend: its style sheet
/// is within, nothing is loaded from elsewhere. Throws InputError where there
/// is no trend.
std::string TrendsSvg(const std::vector<Trend>& trends);

}  // namespace eyechart::reports
