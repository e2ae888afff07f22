// Which engine suits a search, and what it is expected to cost.
#pragma once

#include <cstdint>
#include <string>

#include "mining/feature_rows.h"

namespace eyechart::mining {

struct EngineChoiceOptions {
  double near_min = 0.95;  // cosine
  double recall = 0.999;   // share of near pairs that must be found; 1: all
  /// An exact search that takes no longer than this is preferred, seconds.
  double patience = 60;
  /// And one that takes no more than so many times as long as faiss-ivf: the
  /// estimates are no better.
  double factor = 4;
  /// Float operations a second, two a multiply-add; 0: measured, in a tenth of
  /// a second.
  double rate = 0;
};

struct EngineChoice {
  std::string engine;  // exact or faiss-ivf
  double exact_seconds = 0;
  double ivf_seconds = 0;
  /// The choice and its expected cost, for people.
  std::string note;
};

/// From the number of rows and values, the rate of this machine's matrix
/// products, and, where full products would take longer than `patience`, the
/// share that the exact engine's screen leaves of them (screen.h). Where they
/// would not, exact_seconds is an upper bound.
EngineChoice ChooseEngine(const FeatureRows& rows,
                          const EngineChoiceOptions& options);

}  // namespace eyechart::mining
