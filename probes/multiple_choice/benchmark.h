// A benchmark in memory: pictures, and what is asked about them.
#pragma once

#include <array>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "data/dataset.h"

namespace eyechart::multiple_choice {

/// A picture's file, relative to the benchmark's root.
struct Picture {
  std::string id;  // its path, or the benchmark's own number
  std::string path;
};

/// What a number that is read off a picture means.
enum class Reading {
  kNone,
  kClock,  // minutes from 0 to 719
  kGauge,  // the gauge's own unit
};

/// One item: a picture with a question and its options, with a statement about
/// it, or with both.
struct Question {
  std::string id;
  std::size_t picture = 0;  // in Benchmark::pictures
  std::string pair;         // the same of two items; empty: none
  std::string pattern;      // empty: none
  std::string step;         // of difficulty, 0 the easiest
  std::string difficulty;   // with its unit
  std::string question;
  std::vector<std::string> options;  // empty: none
  int answer = -1;                   // index of the right option
  std::string statement;             // true of this picture alone of its pair
  std::optional<double> value;       // the reading's truth
  std::optional<double> tolerance;   // in the reading's unit
  std::optional<double> range;       // of a gauge: highest less lowest value
};

struct Benchmark {
  std::string kind;                 // a row of BenchmarkKinds()
  std::string name;                 // the folder's or file's
  std::filesystem::path source;     // the file with the questions
  std::filesystem::path root;       // what pictures' paths are relative to
  std::string questions_sha256;     // of `source`
  std::string labels = "original";  // or corrected: by the errata below
  std::string errata;               // its version; empty: none for this kind
  std::string statement_prompt;     // put before statements by default
  /// Options carry marks that an answer may name; captions do not.
  bool lettered = false;
  Reading reading = Reading::kNone;
  std::vector<Picture> pictures;
  std::vector<Question> items;
  std::vector<std::array<std::size_t, 2>> pairs;  // items
  std::vector<std::string> patterns;              // in the order of reports
  std::vector<std::string> warnings;

  /// Whether every item belongs to a pair and has a statement.
  bool has_statements() const;
  /// Whether every item has options.
  bool has_options() const;
};

/// "(a)", "(b)", ...
std::string OptionMark(int option);

/// The benchmark's pictures as a data set, in their order.
std::unique_ptr<data::Dataset> BenchmarkPictures(const Benchmark& benchmark);

}  // namespace eyechart::multiple_choice
