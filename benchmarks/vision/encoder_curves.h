// An encoder or an exported detector at several batch sizes: throughput with
// its knee, and, where its operations are known, how much of what the machine's
// own roofs allow is used.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "benchmarks/load/finding.h"
#include "benchmarks/load/sample_table.h"
#include "benchmarks/roofline/batch_curve.h"
#include "benchmarks/roofline/product_ceiling.h"
#include "benchmarks/vision/encoder_bench.h"
#include "benchmarks/vision/exported_bench.h"

namespace eyechart::benchmarks {

struct CurveOptions {
  // Pictures a query, each measured once, one query at a time.
  std::vector<std::int64_t> batches = {1, 2, 4, 8, 16, 32};
  // Of each size: enough for an interval of the median, short enough for six.
  double min_seconds = 2;
  std::int64_t min_queries = 10;
  std::int64_t warmup = 2;  // queries
  std::uint64_t seed = 0;
  // What has to do with build and machine is a warning.
  bool allow = false;
  // For the curve's `setting`. As it was asked for; empty: the model's own.
  std::string resolution = {};
  // The cell whose head is on the encoder; empty: not known, or there is none.
  std::string head_cell = {};
};

/// Each query of one batch size.
struct BatchSamples {
  std::int64_t batch = 1;
  SampleTable table;
};

struct EncoderCurves {
  BatchCurve curve;                   // decode to answer, pictures a second
  std::vector<RooflinePoint> points;  // of the encoder alone; empty: no FLOPs
  // Of a batch, which is named, or of the machine meanwhile. What makes a batch
  // or the whole curve not valid is fatal; a batch left out is, too.
  std::vector<Finding> findings;
  // What the points are made of, in the order of measuring; of a batch that was
  // left out, too.
  std::vector<BatchSamples> samples;
};

/// "1,2,4,8" as batch sizes. Throws InputError for what is none, for one below
/// 1 and for one that is there twice.
std::vector<std::int64_t> ParseBatches(const std::string& text);

/// Measures each batch size, with the machine watched. A batch without a median
/// above 0 has no point and a finding that names it. Throws InputError where no
/// batch has a point, and what the device throws.
EncoderCurves MeasureCurve(DeviceUnderTest& device,
                           Clock& clock,
                           const CurveOptions& options);

/// The same of an encoder, with the points under its roofs. A point's bytes are
/// weights, pixels and answer, once; its operations as `inspect` counts them.
/// Throws InputError, Interrupted.
EncoderCurves MeasureCurves(EncoderBench& bench,
                            const std::string& name,
                            Clock& clock,
                            const CurveOptions& options);

/// The same of an exported detector, whose operations nobody knows: the curve
/// alone. A program for so many pictures at a time is run as often as a batch
/// takes it, the last time filled up.
EncoderCurves MeasureCurves(ExportedBench& bench,
                            const std::string& name,
                            Clock& clock,
                            const CurveOptions& options);

/// "resolution 448, dense head of CELL", of what there is: `description` is
/// what a bench says of itself. An exported detector's head is its own, and is
/// not named.
std::string CurveSetting(const CurveOptions& options,
                         const eyechart::Json& description);

/// What the machine allows, measured where a point of `curves` asks for it,
/// with the machine watched; its findings begin with "roofs: ", and are
/// warnings if `allow`. Of a model on a GPU they are that GPU's
/// (MeasureDeviceCeilings), and `options` has no say; none where it is gone,
/// and none, with a warning "no roofs: ", where memory does not suffice.
MachineCeilings CeilingsFor(const EncoderCurves& curves,
                            bool allow = false,
                            const CeilingOptions& options = {});

/// The points that have a roof: those of a model on the device that `ceilings`
/// are of. What is computed in float32 because the processor has no units for
/// its dtype has none.
std::vector<RooflinePoint> PointsUnderRoofs(const EncoderCurves& curves,
                                            const MachineCeilings& ceilings);

/// Why points of `curves` have no roof; empty where all have one, or there are
/// no points.
std::string RoofNote(const EncoderCurves& curves,
                     const MachineCeilings& ceilings);

/// BatchCurveJson with valid, reasons, advice and warnings as LoadJson has
/// them; RoofNote and what the ceilings' watch found are among the warnings, as
/// they do not touch the curve.
Json CurvesJson(const EncoderCurves& curves, const MachineCeilings& ceilings);

/// CSV: a column `batch` before those of SamplesCsv, a row a query.
std::string BatchSamplesCsv(const std::vector<BatchSamples>& samples);

/// Writes CurvesJson to `folder`/batch_curve.json, BatchSamplesCsv to
/// `folder`/batch_curve_samples.csv and, where the operations are known and a
/// roof of the dtype was measured, `folder`/roofline.json, which is valid where
/// both curve and roofs are. The samples are the
/// curve's and of no cell, so they are not where a gate looks for a cell's.
/// Throws InputError.
void WriteCurves(const std::filesystem::path& folder,
                 const EncoderCurves& curves,
                 const MachineCeilings& ceilings);

/// WriteCurves with CeilingsFor, which it returns. The curve is written before
/// the roofs are measured: it is there whatever becomes of them.
MachineCeilings WriteWithRoofs(const std::filesystem::path& folder,
                               const EncoderCurves& curves,
                               bool allow = false,
                               const CeilingOptions& options = {});

}  // namespace eyechart::benchmarks
