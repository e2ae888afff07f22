// The readers behind ReadBenchmark, one file a kind.
#pragma once

#include <filesystem>

#include "probes/multiple_choice/benchmark_kind.h"

namespace eyechart::multiple_choice::internal {

/// MMVP-VLM: `Question ID,Type,Statement`, pictures in a folder a category.
bool LooksLikeMmvpVlm(const std::filesystem::path& source);
Benchmark ReadMmvpVlm(const std::filesystem::path& source,
                      const ReadOptions& options);

/// MMVP: `lndex` or `Index`, `Question,Options,Correct Answer`.
bool LooksLikeMmvp(const std::filesystem::path& source);
Benchmark ReadMmvp(const std::filesystem::path& source,
                   const ReadOptions& options);

/// Winoground's shape: `id,caption_0,caption_1,image_0,image_1[,tag]`.
bool LooksLikeCaptionPairs(const std::filesystem::path& source);
Benchmark ReadCaptionPairs(const std::filesystem::path& source,
                           const ReadOptions& options);

/// SugarCrepe: `filename,caption,negative_caption`.
bool LooksLikeSugarCrepe(const std::filesystem::path& source);
Benchmark ReadSugarCrepe(const std::filesystem::path& source,
                         const ReadOptions& options);

/// What `eyechart generate` writes: questions.csv beside a manifest.json.
bool LooksGenerated(const std::filesystem::path& source);
Benchmark ReadGenerated(const std::filesystem::path& source,
                        const ReadOptions& options);

/// A CSV of questions with the same columns.
bool LooksLikeQuestions(const std::filesystem::path& source);
Benchmark ReadQuestions(const std::filesystem::path& source,
                        const ReadOptions& options);

}  // namespace eyechart::multiple_choice::internal
