// What the gate says of a cell, and of a run.
#pragma once

#include <span>
#include <string_view>

namespace eyechart::reports {

enum class Verdict {
  kPass,          // not worse by more than the margin
  kImproved,      // better, beyond chance
  kRegressed,     // worse by more than the margin, beyond chance
  kInconclusive,  // the interval holds the margin, or nothing tells noise
  kIncomparable,  // measured in environments that cannot be compared
  kMissing,       // the baseline has it, the candidate does not
  kError,         // the candidate has an error or no value in its place
};

std::string_view VerdictName(Verdict verdict);

/// Exit codes of the gate, design §3.
inline constexpr int kGateRegressed = 1;
inline constexpr int kGateInconclusive = 3;
inline constexpr int kGateMissing = 4;
inline constexpr int kGateIncomparable = 5;

/// The verdict of the whole: the first of regressed, missing (an error is a
/// missing result), incomparable, inconclusive, improved that some cell has;
/// else pass.
Verdict WorstOf(std::span<const Verdict> verdicts);

/// Its exit code: 1, 4, 5, 3 (only if `strict`) or 0.
int ExitCodeOf(Verdict worst, bool strict);

}  // namespace eyechart::reports
