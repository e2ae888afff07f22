// What `eyechart bench` is told.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "benchmarks/vision/encoder_bench.h"
#include "cli/arguments.h"
#include "cli/bench_nms_sweep.h"
#include "cli/options.h"

namespace eyechart::cli {

/// Filled by AddBenchFlags.
struct BenchFlags {
  std::string model;  // or, with a command, the pictures
  PictureFlags pictures;
  ModelFlags flags;
  std::string command;  // another program instead of a model
  std::string detector;
  detection::FindOptions find = benchmarks::EncoderBenchOptions().find;
  NmsFlags nms;  // SetSuppression puts them into `find`
  std::string scenarios = "single-stream";
  benchmarks::LoadOptions load;
  double bound_ms = 0;  // 0: none
  std::string percentile_method = "nearest-rank";
  std::int64_t most_pictures = benchmarks::EncoderBenchOptions().most_pictures;
  int workers = 0;
  std::string cuda_graphs = "off";  // or on
  bool find_peak = false;
  bool cache_audit = false;
  std::string batch_curve;  // batch sizes; empty: no curve
  bool allow = false;
  bool stages = false;  // a bar and a table of them
  bool json = false;
  std::string trace;  // file
  std::string out;    // run folder
  NmsSweepCommand sweep;
};

void AddBenchFlags(Arguments& app, BenchFlags& flags);

/// Takes `flags.nms` into `flags.find`. Throws InputError for a text that is
/// none of its choices, and an overlap that is none.
void SetSuppression(BenchFlags& flags);

/// Checks what needs no model, among others each scenario's options; a command
/// takes its one positional argument as the pictures. Throws InputError.
benchmarks::MeasureOptions MeasureOptionsOf(BenchFlags& flags);

/// A part of a cell's name: '/', ',', '=' and blanks are made '_'; "none" for
/// nothing.
std::string CellWord(std::string text);

/// The last part of a path, with or without a slash behind it.
std::string LastOf(const std::string& path);

/// The options that differ from their defaults, for a record's setting; those
/// that say only how long to measure and what to write are left out.
std::map<std::string, std::string> BenchSettingOf(
    const BenchFlags& flags, benchmarks::Scenario scenario);

/// The command line that measures the same again.
std::string BenchCommandOf(const BenchFlags& flags);

}  // namespace eyechart::cli
