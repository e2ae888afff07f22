// The one table of benchmarks: how each is recognised and read. To add one: a
// reader and a row in benchmark_kind.cc.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "probes/multiple_choice/benchmark.h"

namespace eyechart::multiple_choice {

struct ReadOptions {
  /// The benchmark's folder, or the file with its questions.
  std::filesystem::path path;
  /// A row of BenchmarkKinds(); "" recognises it by looking.
  std::string kind;
  /// Folder that paths of pictures are relative to; empty: where the questions
  /// lie. MMVP and MMVP-VLM look for their own folders in it.
  std::filesystem::path root;
  /// "corrected" or "original": with or without the errata of MMVP. Errata are
  /// on by default because the two swapped pairs make 148 of 150 the best
  /// attainable score.
  std::string labels = "corrected";
  /// Whether missing pictures are an error; scoring answers needs none.
  bool pictures = true;
};

struct BenchmarkKind {
  std::string_view name;
  std::string_view what;
  /// Whether the file with the questions looks like this kind's.
  bool (*recognise)(const std::filesystem::path& source);
  /// Reads it. Throws InputError.
  Benchmark (*read)(const std::filesystem::path& source, const ReadOptions&);
};

std::span<const BenchmarkKind> BenchmarkKinds();

/// The row called `name`, or null.
const BenchmarkKind* FindBenchmarkKind(std::string_view name);

/// Checks what needs no file. Throws InputError.
void RequireKnown(const ReadOptions& options);

/// Finds the file with the questions (questions.csv in any case, in a folder),
/// recognises and reads it. Throws InputError naming path, row and value, and
/// missing pictures unless they are not needed.
Benchmark ReadBenchmark(const ReadOptions& options);

}  // namespace eyechart::multiple_choice
