// An encoder asked a benchmark: from its pictures' features, and its text tower
// where it has one, to a result.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/progress.h"
#include "data/feature_store.h"
#include "encoders/loaded_model.h"
#include "probes/multiple_choice/benchmark.h"
#include "probes/multiple_choice/pair_features.h"
#include "probes/multiple_choice/result.h"

namespace eyechart::multiple_choice {

struct AskOptions {
  /// "statements", "options" or "features"; "auto": the first of these that
  /// encoder and benchmark can do. For models that write, see ask_captioner.h:
  /// "likelihood", "likelihood-mean" or "generate". "read-out" asks a read-out
  /// trained on the pairs of `train`.
  std::string scoring = "auto";
  /// Before every text; none: the benchmark's own for statements ("a photo of "
  /// for MMVP-VLM and generated ones), nothing for options. For models that
  /// write, what they are asked.
  std::optional<std::string> prompt;
  /// "option": an option's text alone stands for it; "question": the question,
  /// a blank and the text.
  std::string option_text = "option";
  PairFeatureOptions pairs;
};

/// What a read-out is trained on: a benchmark, and features of its pictures.
struct TrainingPairs {
  const Benchmark& benchmark;
  const data::FeatureStore& store;
};

/// Scores `store`, the features of BenchmarkPictures() in their order. Texts go
/// through the text tower of `spec`'s checkpoint, in its dtype and on its
/// device. Pairs always get cosine and rank. `train` goes with the scoring
/// "read-out", and only with it. Throws InputError for a scoring
/// that encoder or benchmark cannot do, and a store of other pictures.
Result AskEncoder(const Benchmark& benchmark,
                  const data::FeatureStore& store,
                  const encoders::ModelSpec& spec,
                  const AskOptions& options,
                  Progress& progress,
                  const TrainingPairs* train = nullptr);

/// Throws InputError where AskEncoder would, for a scoring that cannot be done
/// with `checkpoint` and features of `pool`: said before pictures are encoded.
void RequireAskable(const Benchmark& benchmark,
                    const encoders::Checkpoint& checkpoint,
                    std::string_view pool,
                    const AskOptions& options);

/// Throws InputError for values of `options` that are not known: said before
/// pictures are encoded.
void RequireKnown(const AskOptions& options);

}  // namespace eyechart::multiple_choice
