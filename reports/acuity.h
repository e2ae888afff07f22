// acuity.json as the eye chart writes it, checked before anything of it is
// drawn.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/psychometric.h"
#include "reports/run_folder.h"

namespace eyechart::reports {

/// One encoder, chart and read-out.
struct AcuityCurve {
  std::size_t run = 0;  // index of the run
  std::string cell;
  std::string encoder;
  std::string chart;
  std::string unit;      // of the strengths
  std::string read_out;  // linear or knn
  double target = 0.75;  // share right that the threshold stands for
  struct Point {
    double strength = 0;
    double share = 0;  // of right answers
    double low = 0;    // Wilson
    double high = 0;
  };
  std::vector<Point> points;
  PsychometricFunction function;
  std::string place;  // of the threshold: within, below all, above all
  std::optional<double> threshold;
  std::optional<double> low;
  std::optional<double> high;
  std::optional<double> patches;  // the threshold in patches of the encoder
};

/// The curves of all runs, by run and cell. Throws InputError naming run, cell
/// and key where one is not as the eye chart writes it.
std::vector<AcuityCurve> ReadAcuities(std::span<const RunFolder> runs);

/// The threshold for people: "3.1 px [2.8, 3.6]", "above 16 px", "below 0.4
/// px".
std::string ThresholdText(const AcuityCurve& curve);

}  // namespace eyechart::reports
