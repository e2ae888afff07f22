// Heads on mixtures of two encoders' tokens, each behind an adapter of its own:
// the MMVP paper's A-MoF and I-MoF without a language model.
#pragma once

#include <c10/core/Device.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "probes/heads/head_grid.h"
#include "probes/heads/schedule.h"

namespace eyechart::probes {

/// One head.
struct MixturePoint {
  /// Tokens of both encoders in turn, twice as many, instead of their sum.
  bool interleaved = false;
  /// Of a sum: the first encoder's share; the second has 1 - alpha.
  double alpha = 0.5;
  /// Read out by attention (AIM's head), else from the tokens' mean.
  bool attentive = true;
  double rate = 0;   // peak learning rate
  double decay = 0;  // AdamW's weight decay
};

struct MixtureGridOptions {
  std::vector<MixturePoint> points;
  TargetKind targets = TargetKind::kClasses;
  std::int64_t outputs = 0;       // K
  std::int64_t first_width = 0;   // C1
  std::int64_t second_width = 0;  // C2
  std::int64_t width = 0;         // D of the adapters
  std::int64_t heads = 12;        // attention heads; they divide D
  double clip = 3.0;              // norm that slopes are cut to
  Schedule schedule;
  std::uint64_t seed = 0;
  /// Where heads lie and are trained; starts are drawn on the CPU.
  c10::Device device = c10::kCPU;
};

/// Heads on x (B, N, C1 + C2): the patch tokens of two encoders on one grid,
/// side by side. Each token set is normed (batch norm without weight and bias,
/// running averages by 0.1) and passed through its adapter, a linear layer with
/// bias; then
///   additive:    m = alpha A1(x1) + (1 - alpha) A2(x2), N tokens;
///   interleaved: A1(x1), A2(x2) in turn, 2 N tokens,
/// read out by one learned query with key and value projections, or from their
/// mean, and a linear layer without bias. Neither read-out knows the tokens'
/// places, so that interleaving means that attention weighs the 2 N tokens
/// together. Adapters and projections are linear, so attention pools the
/// encoders' own tokens and the layers act on what was pooled: the same
/// function for less work.
///
/// What differs from Tong et al. 2024 (MMVP), section 5: no language model
/// behind; the paper adds before one common adapter, here each encoder has its
/// own, as in its interleaved variant; tokens are normed first.
std::unique_ptr<HeadGrid> CreateMixtureGrid(const MixtureGridOptions& options);

}  // namespace eyechart::probes
