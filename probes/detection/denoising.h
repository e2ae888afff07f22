// Queries made of the truth with noise, which a decoder learns to mend: they
// teach it from the first step, while matches still change from step to step.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "probes/detection/set_matching.h"

namespace eyechart::detection {

/// As published (Zhang et al. 2023, DINO; Zhao et al. 2024, RT-DETR).
struct DenoisingOptions {
  /// Queries a picture that are good copies, at most, where one group of a
  /// good and a bad copy of each object is not more already; 0: no denoising.
  std::int64_t queries = 100;
  /// Half of this share of the classes is drawn anew.
  double label_noise = 0.5;
  /// Edges of good copies move by less than this many half sides, those of bad
  /// ones by one half side more.
  double box_noise = 1;
};

/// What is drawn by chance for B pictures of N noisy queries, on the CPU.
struct DenoisingDraws {
  at::Tensor flips;    // (B, N) float32, 0 ... 1: low ones change their class
  at::Tensor classes;  // (B, N) int64, 0 ... K - 1: to this
  at::Tensor signs;    // (B, N, 4) float32, -1 or 1
  at::Tensor moves;    // (B, N, 4) float32, 0 ... 1
};

/// Noisy queries of B pictures, on the CPU.
struct NoisyQueries {
  at::Tensor classes;  // (B, N) int64; K where a picture has fewer objects
  at::Tensor boxes;    // (B, N, 4): centre x, y, width, height, 0 ... 1
  /// (N + Q, N + Q) bool, whether a row may look at a column: groups not at
  /// one another, the Q others not at noisy ones, which know the truth.
  at::Tensor visible;
  /// Which good copy stands for which object; what stands for none is to say
  /// that nothing is there.
  SetMatches matches;
  std::int64_t groups = 0;  // copies of each object
};

/// Noisy queries a picture, good and bad, for pictures of at most `most`
/// objects.
std::int64_t NoisyQueryCount(std::int64_t most,
                             const DenoisingOptions& options);

/// The draws of batch `draw`, from a stream of their own.
DenoisingDraws DrawDenoising(std::int64_t pictures,
                             std::int64_t queries,
                             std::int64_t classes,
                             std::uint64_t seed,
                             std::uint64_t draw);

/// `queries` are those that follow the noisy ones. `targets` hold at least one
/// object in all. Source: transformers'
/// get_contrastive_denoising_training_group, whose function this is.
NoisyQueries MakeNoisyQueries(const std::vector<SetTargets>& targets,
                              std::int64_t classes,
                              std::int64_t queries,
                              const DenoisingDraws& draws,
                              const DenoisingOptions& options);

}  // namespace eyechart::detection
