// Zero-shot classification: classes as the mean embeddings of prompts.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "probes/heads/prompt_file.h"

namespace eyechart::probes {

/// (B, D) embeddings of B texts, of any floating type and on any device.
using EmbedTexts = std::function<at::Tensor(const std::vector<std::string>&)>;

struct ZeroShotOptions {
  std::int64_t batch = 256;  // most texts that are embedded at a time
  FillOptions fill;
};

/// Classes (K, D) float32 on the CPU, rows of length 1: a class's name is put
/// into each template, each text's embedding is divided by its L2 norm, the
/// mean of these is divided by its own. `classes` are K names, such as
/// `prompts.classes`; one that `prompts` knows other names of takes the mean
/// over those as well. Sums are in float64. Throws InputError for an embedding
/// of no direction (zeros, or not finite) with its text, and where a class's
/// embeddings cancel; std::logic_error for no class or template, or for an
/// embedding of another shape. Source: Radford et al. 2021, 3.1.4, and CLIP's
/// notebook Prompt_Engineering_for_ImageNet.
at::Tensor ClassEmbeddings(const PromptFile& prompts,
                           const std::vector<std::string>& classes,
                           const EmbedTexts& embed,
                           const ZeroShotOptions& options = {});

/// (n, K) float32: the cosine of each of `features` (n, D) with each of
/// `class_embeddings` (K, D), times `logit_scale` (CLIP's exp(logit_scale)),
/// plus `logit_bias` (SigLIP's; 0 elsewhere). Rows of zeros have cosine 0; rows
/// that are not finite give scores that are not. Throws std::logic_error for
/// shapes that do not fit.
at::Tensor ZeroShotScores(const at::Tensor& features,
                          const at::Tensor& class_embeddings,
                          double logit_scale,
                          double logit_bias = 0);

}  // namespace eyechart::probes
