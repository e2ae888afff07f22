// An encoder before the eye chart: from a checkpoint to its acuity.
#pragma once

#include <filesystem>

#include "core/progress.h"
#include "encoders/encode_dataset.h"
#include "encoders/loaded_model.h"
#include "probes/acuity/acuity.h"
#include "probes/acuity/chart.h"

namespace eyechart::probes {

/// Makes `model` take square pictures pixel for pixel, without resize or crop
/// (rescale and normalisation stay), and returns their side in pixels: the
/// model's input size, or 224 where it takes any. Throws InputError for an
/// input that is not square, naming `name`.
int ShowPixelForPixel(encoders::LoadedModel& model, const std::string& name);

struct ChartJob {
  encoders::ModelSpec model;
  const Chart* chart = nullptr;
  ReadOut read_out = ReadOut::kLinear;
  /// Pictures and seed; the size is the encoder's.
  ChartOptions options;
  ThresholdOptions threshold;
  encoders::EncodeOptions encode;
  /// Feature store of the chart's pictures; made, gone on with or taken as it
  /// is. Both read-outs use the same one.
  std::filesystem::path store;
};

struct ChartOutcome {
  Acuity acuity;
  int size = 0;        // side of the pictures, px
  int patch_size = 0;  // of the encoder, px; 0 where it has none
  encoders::EncodeSummary summary;
};

/// Encodes the chart's pictures and measures. Throws InputError.
ChartOutcome MeasureChart(const ChartJob& job, Progress& progress);

/// One row a test picture: id, truth, prediction, correct, score, strength,
/// step, group. `score` is 1 for a right answer, else 0.
std::string ChartOutcomesCsv(const ChartOutcome& outcome,
                             const ChartOptions& options);

}  // namespace eyechart::probes
