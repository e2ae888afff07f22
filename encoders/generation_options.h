// How tokens are chosen when a model writes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "encoders/checkpoint.h"

namespace eyechart::encoders {

/// When a beam search ends for a prompt. The names are transformers' values of
/// `early_stopping`.
enum class EarlyStopping {
  kNo,     // false: the best open beam, at its length, cannot win any more
  kYes,    // true: as many beams as asked for are finished
  kNever,  // "never": the best open beam cannot win at any length
};

/// Greedy search, or beam search where there is more than one beam. The names
/// are those of transformers' GenerationConfig.
struct GenerationOptions {
  std::int64_t num_beams = 1;
  /// Finished beams are ranked by log-likelihood / length^this; 1 is the mean
  /// of a token.
  double length_penalty = 1;
  EarlyStopping early_stopping = EarlyStopping::kNo;
  /// No run of so many tokens comes twice; 0: they may.
  std::int64_t no_repeat_ngram_size = 0;
  /// The first token, and the one in the last place that the length leaves.
  std::optional<std::int64_t> forced_bos_token_id;
  std::optional<std::int64_t> forced_eos_token_id;
  /// Tokens written at most, end token included. Published examples for
  /// Florence-2 ask for 1024.
  std::int64_t max_new_tokens = 1024;
  std::int64_t decoder_start_token_id = 2;  // what the decoder is begun with
  std::vector<std::int64_t> eos_token_ids = {2};
  std::int64_t pad_token_id = 1;
};

/// What a folder asks for: generation_config.json, or, without that file, the
/// same keys in config.json and its "text_config". Throws InputError for what
/// is out of range, and for a key of transformers' GenerationConfig that
/// changes what is written and is not known here, such as do_sample. Where
/// neither length is given max_new_tokens stays as above; transformers stops
/// at 20.
GenerationOptions ReadGenerationOptions(const Checkpoint& checkpoint);

/// The file that those are read from, for errors.
std::string GenerationSource(const Checkpoint& checkpoint);

/// Throws InputError for numbers that no search can work with.
void RequireUsable(const GenerationOptions& options);

}  // namespace eyechart::encoders
