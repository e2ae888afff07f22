// Greedy and beam search for the tokens of an answer, token for token as
// transformers' generate.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "encoders/generation_options.h"

namespace eyechart::encoders {

/// The seam to a model that writes: rows that grow a token at a time.
class TokenScorer {
 public:
  virtual ~TokenScorer() = default;
  /// Appends tokens (R), int64 on the CPU, to the rows -> logits (R, V) of what
  /// follows, float32 on the CPU.
  virtual at::Tensor Next(const at::Tensor& tokens) = 0;
  /// The same, then the likeliest token of each row, those of `banned[r]` left
  /// out; the first where several are as likely.
  virtual std::vector<std::int64_t> NextBest(
      const at::Tensor& tokens,
      const std::vector<std::vector<std::int64_t>>& banned);
  /// Makes what was row `rows[i]` row i; rows (R), int64 on the CPU.
  virtual void Reorder(const at::Tensor& rows) = 0;

 protected:
  /// The largest of `logits` (R, V), which are overwritten, as NextBest says.
  static std::vector<std::int64_t> BestOf(
      const at::Tensor& logits,
      const std::vector<std::vector<std::int64_t>>& banned);
};

/// What was written for one prompt.
struct WrittenTokens {
  /// Without the start token; the end token stands last unless the length ran
  /// out.
  std::vector<std::int64_t> ids;
  /// Log-likelihood / length^length_penalty of a beam search; 0 of a greedy
  /// one, which keeps no sum.
  double score = 0;
};

/// Searches for `prompts` prompts; the scorer has prompts x num_beams rows, the
/// beams of a prompt behind one another.
std::vector<WrittenTokens> SearchTokens(TokenScorer& scorer,
                                        std::int64_t prompts,
                                        const GenerationOptions& options);

}  // namespace eyechart::encoders
