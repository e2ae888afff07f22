// `eyechart ask MODEL chart`: an encoder before the eye chart.
#pragma once

#include <string>
#include <vector>

#include "cli/arguments.h"
#include "probes/acuity/chart.h"

namespace eyechart::cli {

struct AskFlags;

/// What `ask MODEL chart` was told beside what every benchmark shares.
struct ChartFlags {
  std::vector<std::string> charts;  // empty: all
  std::vector<std::string> read_outs = {"linear", "knn"};
  probes::ChartOptions options;
};

void AddChartFlags(Arguments& app, ChartFlags& flags);

/// Runs it; throws InputError.
int RunAskChart(const AskFlags& flags);

}  // namespace eyechart::cli
