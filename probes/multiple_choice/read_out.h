// Pairs told apart by a read-out of frozen features: for encoders without
// words, and beside the words of those that have some.
#pragma once

#include "probes/multiple_choice/benchmark.h"
#include "probes/multiple_choice/embeddings.h"
#include "probes/multiple_choice/result.h"

namespace eyechart::multiple_choice {

/// Throws InputError where ScoreReadOut would for the questions alone: said
/// before pictures are encoded. Both are to be of kind "generated", where the
/// first picture of every pair shows the same class, and not the same pairs,
/// and `train` to have enough of every pattern.
void RequireTrainable(const Benchmark& benchmark, const Benchmark& train);

/// Trains a logistic regression a pattern to tell the first pictures of pairs
/// from the second on `train`, and asks it about each picture of `benchmark` by
/// itself. That they share no picture is for the caller to see to (another
/// seed). The penalty is chosen on every fifth training pair and the
/// read-out fitted again on all. The prediction is a picture of the pair, as
/// for statements, so that both can be compared item by item.
///
/// Throws InputError as RequireTrainable, and for features of another width.
Result ScoreReadOut(const Benchmark& benchmark,
                    const Embeddings& pictures,
                    const Benchmark& train,
                    const Embeddings& train_pictures);

}  // namespace eyechart::multiple_choice
