// The tokenizer of a SigLIP folder, whichever files it has.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>
#include <variant>
#include <vector>

#include "encoders/fast_tokenizer.h"
#include "encoders/sentence_piece.h"

namespace eyechart::encoders {

/// What transformers' AutoTokenizer makes of the folder: spiece.model as
/// SiglipTokenizer takes it, unless tokenizer_config.json names another class;
/// else tokenizer.json as that class takes it, or as it stands (which the
/// reference does only under another class's name).
///
/// The fixed-size SigLIP 2 folders name GemmaTokenizer, and the `siglip` model
/// type leaves that as it is: the text keeps its case, though the models were
/// trained on lower case and the file says "do_lower_case". Siglip2Tokenizer,
/// which lowers it, is what the `siglip2` (NaFlex) model type gets. Source:
/// AutoTokenizer.from_pretrained and GemmaTokenizer of transformers 5.23.
class SiglipTokenizer {
 public:
  /// `pad_id` is the model's, for a tokenizer.json that names no padding.
  /// Throws InputError where there is no tokenizer, or it is damaged.
  SiglipTokenizer(const std::filesystem::path& folder, std::int64_t pad_id);

  /// At most `max_length` ids, without padding; none where no piece fits and
  /// nothing is put around a text.
  std::vector<std::int64_t> Encode(std::string_view text,
                                   std::int64_t max_length) const;

  std::int64_t pad_id() const { return pad_id_; }
  /// The length that the folder's own tokenizer stops at, or `fallback` where
  /// that is shorter.
  std::int64_t Length(std::int64_t fallback) const;
  /// Whether the model is told which ids are padding: unless
  /// tokenizer_config.json leaves "attention_mask" out of "model_input_names",
  /// as those of Google's folders do.
  bool has_mask() const { return has_mask_; }
  bool pads_left() const { return pads_left_; }

 private:
  std::variant<SentencePieceTokenizer, FastTokenizer> tokenizer_;
  std::int64_t pad_id_;
  double model_max_length_ = 0;  // 0: not said
  bool has_mask_ = true;
  bool pads_left_ = false;
};

}  // namespace eyechart::encoders
