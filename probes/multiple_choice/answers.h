// Answers made elsewhere: a CSV of free texts, scored by the option parser.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "probes/multiple_choice/benchmark.h"
#include "probes/multiple_choice/option_parser.h"
#include "probes/multiple_choice/result.h"

namespace eyechart::multiple_choice {

/// How the questions were put to the system that answered them.
struct AnswerOptions {
  /// (a) or (1) before options.
  Notation notation = Notation::kLetters;
  /// Options were listed last to first: "(a)" then means the last one.
  bool swapped = false;
};

/// "original" or "swapped". Throws InputError for another text.
bool ParseSwapped(const std::string& order);

/// Reads columns `id` and `answer`. Throws InputError naming file and row: a
/// missing column, a repeated id.
std::map<std::string, std::string> ReadAnswers(
    const std::filesystem::path& file);

/// Scores the answers in `file`. A benchmark of clocks or gauges has the number
/// that each answer names as well. Throws InputError for ids that the benchmark
/// lacks and for a benchmark without options; questions without an answer are
/// wrong, counted, and a warning.
Result ScoreAnswers(const Benchmark& benchmark,
                    const std::filesystem::path& file,
                    const AnswerOptions& options);

}  // namespace eyechart::multiple_choice
