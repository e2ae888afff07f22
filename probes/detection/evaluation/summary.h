// The figures that papers quote, from precision and recall.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "probes/detection/evaluation/evaluate.h"

namespace eyechart::detection {

/// A fraction, or -1 where there is nothing to take it from.
struct BoxStats {
  double AP = -1, AP50 = -1, AP75 = -1;
  double APs = -1, APm = -1, APl = -1;     // areas called small, medium, large
  double AR1 = -1, AR10 = -1, AR100 = -1;  // of the first three numbers
  double ARs = -1, ARm = -1, ARl = -1;
};

/// Name and value, in pycocotools' order.
std::vector<std::pair<std::string, double>> Named(const BoxStats& stats);

/// pycocotools' twelve. Its AP is of exactly 100 detections, the rest of the
/// third number (the last where there are fewer); corrected, all of it but the
/// AR of the first three numbers is of the last.
BoxStats Summarize(const Evaluation& evaluation);

struct AreaStats {
  std::string name;
  double AP = -1, AP50 = -1, AP75 = -1, AR = -1;
};

/// Of every area range, at the number of detections that AP is of.
std::vector<AreaStats> SummarizeAreas(const Evaluation& evaluation);

struct ClassStats {
  double AP = -1, AP50 = -1;    // area "all"; -1: no ground truth
  std::vector<double> AP_area;  // [A]
};

/// One a category.
std::vector<ClassStats> SummarizeClasses(const Evaluation& evaluation);

/// The numbers of detections whose precision any of these read.
std::vector<std::size_t> SummaryNumbers(const EvaluationOptions& options);

}  // namespace eyechart::detection
