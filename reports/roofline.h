// roofline.json and batch_curve.json as benchmarks write them, checked before
// anything of them is drawn.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "reports/run_folder.h"

namespace eyechart::reports {

/// The roof of one dtype.
struct RooflineRoof {
  std::string dtype;
  double gflops = 0;
  std::string kernel;  // who reached it
};

/// One encoder under its roof.
struct RooflineMark {
  std::string encoder;
  std::string setting;  // "resolution 448, dense head"; empty: none is said
  std::string dtype;
  std::int64_t batch = 1;
  double seconds = 0;
  double gflops = 0;
  std::optional<double> intensity;  // operations a byte; none: no byte moves
  double attainable = 0;            // GFLOP/s
  double share = 0;                 // of it
  std::string bound;                // compute or memory
};

/// One machine with what was measured on it.
struct RooflineChart {
  std::size_t run = 0;  // index of the run
  std::string device;
  std::int64_t threads = 1;  // 0: none are told, as of a GPU
  double gbps = 0;
  std::vector<RooflineRoof> roofs;
  std::vector<RooflineMark> marks;
  std::vector<std::string> invalid;  // why its times are not valid
};

/// One encoder's throughput against the batch.
struct BatchCurveChart {
  std::size_t run = 0;
  std::string encoder;
  std::string setting;  // as a mark's
  std::string dtype;
  std::string device;
  std::string unit;
  double share = 0.95;  // of the best throughput, which defines the knee
  struct Point {
    double batch = 1;
    double throughput = 0;
    std::optional<double> low;
    std::optional<double> high;
  };
  std::vector<Point> points;  // by batch
  double best_batch = 1;
  double best = 0;
  double knee = 1;
  double from = 1;  // batches that the intervals leave open
  double to = 1;
  std::vector<std::string> invalid;  // why its times are not valid
};

/// artifacts/**/roofline.json of all runs, by run and path; a run without a
/// folder has none. Throws InputError naming file and key where one is not as
/// benchmarks::RooflineJson writes it.
std::vector<RooflineChart> ReadRooflines(std::span<const RunFolder> runs);

/// The same of batch_curve.json and benchmarks::BatchCurveJson.
std::vector<BatchCurveChart> ReadBatchCurves(std::span<const RunFolder> runs);

/// "batch 8", or "batch 8 (4 to 16)" where the intervals leave more open.
std::string KneeText(const BatchCurveChart& curve);

/// "cpu, 2 threads", or "cuda:0".
std::string RooflineName(const RooflineChart& chart);

/// "vit, resolution 448, dense head, fp32, batch 8".
std::string RooflineMarkName(const RooflineMark& mark);

/// "vit, resolution 448, dense head, fp32, cpu".
std::string BatchCurveName(const BatchCurveChart& curve);

/// The Markdown section, empty where no run has either; `labels` by run.
std::string RooflineMarkdown(std::span<const RunFolder> runs,
                             const std::vector<std::string>& labels);

}  // namespace eyechart::reports
