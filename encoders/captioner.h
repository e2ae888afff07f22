// The seam to models that answer in words about a picture.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "encoders/checkpoint.h"
#include "encoders/florence2_answers.h"
#include "encoders/generation_options.h"
#include "encoders/image_encoder.h"

namespace eyechart::encoders {

/// A prompt about one picture of a batch.
struct PicturePrompt {
  std::int64_t picture = 0;
  /// A task token ("<OD>"), with input where the task takes some, or any text.
  std::string text;
};

/// What was written for a prompt.
struct WrittenAnswer {
  std::vector<std::int64_t> ids;  // see WrittenTokens
  std::string text;    // without special tokens, but for those of places
  std::string marked;  // with all of them, as ParseAnswer reads it
  double score = 0;    // see WrittenTokens
};

/// How likely a given answer is.
struct AnswerLikelihood {
  /// Of its tokens and the end token, natural logarithms; the start token,
  /// which is forced, does not count.
  double sum = 0;
  std::int64_t tokens = 0;  // end token included
  double mean() const { return sum / static_cast<double>(tokens); }
};

/// A frozen model from pictures and prompts to words. Thread-compatible.
class Captioner {
 public:
  virtual ~Captioner() = default;

  /// pixels: (B, 3, H, W) float32 -> (B, P, D), what prompts are answered from.
  /// Throws InputError for a size that the model cannot take.
  virtual at::Tensor Look(const at::Tensor& pixels) = 0;

  /// Answers for prompts about `pictures`, which Look gave. Throws InputError
  /// for a prompt that is too long or malformed.
  virtual std::vector<WrittenAnswer> Write(
      const at::Tensor& pictures,
      std::span<const PicturePrompt> prompts,
      const GenerationOptions& options) = 0;

  /// How likely each of `answers[i]` is for prompts[i], in one batched pass.
  virtual std::vector<std::vector<AnswerLikelihood>> Likelihoods(
      const at::Tensor& pictures,
      std::span<const PicturePrompt> prompts,
      std::span<const std::vector<std::string>> answers) = 0;

  /// The folder's own options.
  virtual const GenerationOptions& generation() const = 0;

  /// Reads `answer` to a prompt of the form `form`; places are pixels of a
  /// picture of `width` x `height`.
  virtual Florence2Answer ParseAnswer(const WrittenAnswer& answer,
                                      AnswerForm form,
                                      int width,
                                      int height) const = 0;

  /// Throws InputError where the family does not write or the folder holds the
  /// vision tower alone.
  static std::unique_ptr<Captioner> Create(const Checkpoint& checkpoint,
                                           const EncoderOptions& options);
};

/// Whether the family of `checkpoint` writes and the folder has the tokenizer
/// that it takes.
bool CanWrite(const Checkpoint& checkpoint);

}  // namespace eyechart::encoders
