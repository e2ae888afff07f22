// The finding about patterns, in sentences that say only what the intervals
// carry: where an encoder's words are near chance, what read-outs of features
// tell apart there, and whether mined pairs come mostly from there.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "reports/patterns.h"

namespace eyechart::reports {

/// Fewer pairs of a pattern than these carry no sentence about it: any interval
/// would hold one half.
inline constexpr std::int64_t kLeastPairsOfFinding = 20;

/// Plain text, one sentence or two each; empty where no encoder scored words or
/// the run folder has no outcomes of answers. `labels` by run. The mined pairs
/// are counted from the records and, all of them, from
/// artifacts/<cell>/mined_pictures.csv. Throws InputError for a damaged one.
std::vector<std::string> BlindnessSentences(
    const PatternTable& table,
    std::span<const RunFolder> runs,
    const std::vector<std::string>& labels);

/// The Markdown section, empty without a sentence.
std::string BlindnessMarkdown(std::span<const RunFolder> runs,
                              const std::vector<std::string>& labels);

}  // namespace eyechart::reports
