// Scores of pictures and texts: which statement fits which picture of a pair,
// and which of several texts fits a picture.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <vector>

#include "probes/multiple_choice/benchmark.h"
#include "probes/multiple_choice/embeddings.h"
#include "probes/multiple_choice/result.h"

namespace eyechart::multiple_choice {

/// Logits of a pair: [t][i] is of statement t with picture i; right are [0][0]
/// and [1][1]. In float32, as the released scripts compute them.
using PairLogits = std::array<std::array<float, 2>, 2>;

struct PairVerdict {
  /// Statement t's probability of its own picture, a softmax over the two.
  std::array<float, 2> own = {};
  std::array<Status, 2> status = {};   // kOk, kTie or kNotFinite
  std::array<bool, 2> statement = {};  // own > 0.5
  bool correct = false;   // both: MMVP-VLM's score, Winoground's image score
  bool text = false;      // each picture's own statement scores strictly more
  bool group = false;     // both
  bool diagonal = false;  // s11 + s22 > s12 + s21
};

/// Judges one pair. Ties are wrong in every score, as are logits that are not
/// finite.
PairVerdict JudgePair(const PairLogits& logits);

/// How texts are made of a benchmark.
struct TextOptions {
  std::string prompt;     // before every text
  bool question = false;  // options: the question before the option's text
};

/// The texts whose embeddings the scores below want, each once.
struct Texts {
  std::vector<std::string> unique;
  /// Indices into `unique`: of a statement (one an item), or of the options.
  std::vector<std::vector<std::size_t>> of_item;
};

Texts StatementTexts(const Benchmark& benchmark, const TextOptions& options);
Texts OptionTexts(const Benchmark& benchmark, const TextOptions& options);

/// What turns a cosine into a logit.
struct LogitScale {
  double scale = 1;  // exp(logit_scale)
  double bias = 0;   // SigLIP's; moves all logits alike, so decides nothing
};

/// Each pair's statements with its pictures. `texts` are the embeddings of
/// StatementTexts().unique.
Result ScoreStatements(const Benchmark& benchmark,
                       const Embeddings& pictures,
                       const Texts& texts,
                       const Embeddings& text_rows,
                       const LogitScale& logit);

/// Each item's picture with its options' texts; the right one must score
/// strictly more than every other.
Result ScoreOptions(const Benchmark& benchmark,
                    const Embeddings& pictures,
                    const Texts& texts,
                    const Embeddings& text_rows,
                    const LogitScale& logit);

}  // namespace eyechart::multiple_choice
