// An encoder's acuity: the strength at which a read-out of its frozen features
// is right three times in four.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"
#include "core/psychometric.h"
#include "probes/acuity/chart.h"

namespace eyechart::probes {

/// How features are turned into answers.
enum class ReadOut {
  kLinear,   // logistic regression, see LogisticReadOut
  kNearest,  // k-NN as DINOv2's, see NearestVotes
};

/// "linear" or "knn".
std::string_view ReadOutName(ReadOut read_out);
/// Throws InputError listing the names for another text.
ReadOut ParseReadOut(const std::string& name);

/// The answers at one strength.
struct AcuityPoint {
  double strength = 0;  // in the chart's unit, at the size that was shown
  std::int64_t correct = 0;
  std::int64_t trials = 0;
  Interval ci;  // of correct / trials, Wilson's
};

/// One encoder, chart and read-out.
struct Acuity {
  const Chart* chart = nullptr;
  ReadOut read_out = ReadOut::kLinear;
  std::vector<AcuityPoint> points;  // easy to hard
  PsychometricResult fit;
  double accuracy = 0;   // share right over all steps
  Interval accuracy_ci;  // bootstrap over groups
  /// Of every picture of the chart: the answer read out of a test picture's
  /// features; -1 for training pictures.
  std::vector<std::int64_t> predictions;
};

/// Throws InputError where `options.train` pictures a step are too few for the
/// linear read-out, which chooses its penalty on one group in four.
void RequireTrainable(const Chart& chart,
                      const ChartOptions& options,
                      ReadOut read_out);

/// Trains a read-out for each step on `features` (rows of `pictures`, d
/// columns) of the training pictures and asks it about the test pictures; fits
/// the psychometric function with the guess rate fixed at 1 / classes. `size`
/// is the side of the pictures in pixels. Throws std::logic_error where
/// features and pictures differ in number, and where RequireTrainable would
/// have thrown.
Acuity MeasureAcuity(const Chart& chart,
                     const ChartPictures& pictures,
                     int size,
                     const at::Tensor& features,
                     ReadOut read_out,
                     const ThresholdOptions& options = {});

/// What artifacts/<cell>/acuity.json holds and reports draw:
///   {"schema", "chart", "unit", "read_out", "guess", "target", "patch_size",
///    "points": [{"strength", "correct", "trials", "low", "high"}],
///    "function": {"guess", "lapse", "location", "slope"},
///    "threshold": {"place", "strength"|null, "low"|null, "high"|null,
///                  "level"},
///    "threshold_patches"|null, "accuracy"}
/// `patch_size` in pixels; thresholds in patches exist for charts in pixels.
Json AcuityJson(const Acuity& acuity, int patch_size);

}  // namespace eyechart::probes
