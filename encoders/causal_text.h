// A text tower that is read left to right and pooled at the end of the text:
// CLIP's, and those of MetaCLIP 2 and AIMv2 `lit`.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "encoders/clip_tokenizer.h"
#include "encoders/fast_tokenizer.h"
#include "encoders/linear.h"
#include "encoders/norm.h"
#include "encoders/text_encoder.h"
#include "encoders/transformer.h"

namespace eyechart::encoders {

struct CausalTextParts {
  at::Tensor token_table;     // (V, C), float32 on the CPU
  at::Tensor position_table;  // (L, C), likewise
  std::vector<Block> blocks;  // causal
  Norm final_norm;
  Linear projection;
  /// The config's end token: a text is pooled where it first stands, or at its
  /// start where it does not. None: at the first of its largest ids.
  std::optional<std::int64_t> end_id;
  double logit_scale = 1;
};

/// CLIP's tokenizer, or MetaCLIP 2's.
using CausalTokenizer = std::variant<ClipTokenizer, FastTokenizer>;

/// Runs `parts` as a TextEncoder.
class CausalTextEncoder : public TextEncoder {
 public:
  /// Throws InputError, naming `source`, where the positions leave no room for
  /// a text.
  CausalTextEncoder(CausalTextParts parts,
                    CausalTokenizer tokenizer,
                    const std::string& source,
                    const Placement& placement);

  at::Tensor Encode(const std::vector<std::string>& texts) override;
  double logit_scale() const override { return parts_.logit_scale; }

 private:
  std::int64_t PoolPosition(const std::vector<std::int64_t>& ids) const;
  at::Tensor EncodeBatch(std::span<const std::string> texts) const;

  CausalTextParts parts_;
  CausalTokenizer tokenizer_;
  std::string source_;  // what errors begin with
  Placement placement_;
};

}  // namespace eyechart::encoders
