#include "reports/gate/verdict.h"

#include <algorithm>
#include <array>

namespace eyechart::reports {

std::string_view VerdictName(Verdict verdict) {
  constexpr std::array<std::string_view, 7> kNames = {
      "pass",         "improved", "regressed", "inconclusive",
      "incomparable", "missing",  "error"};
  return kNames[static_cast<std::size_t>(verdict)];
}

Verdict WorstOf(std::span<const Verdict> verdicts) {
  for (const Verdict worse :
       {Verdict::kRegressed, Verdict::kMissing, Verdict::kError,
        Verdict::kIncomparable, Verdict::kInconclusive, Verdict::kImproved})
    if (std::ranges::find(verdicts, worse) != verdicts.end()) return worse;
  return Verdict::kPass;
}

int ExitCodeOf(Verdict worst, bool strict) {
  switch (worst) {
    case Verdict::kRegressed:
      return kGateRegressed;
    case Verdict::kMissing:
    case Verdict::kError:
      return kGateMissing;
    case Verdict::kIncomparable:
      return kGateIncomparable;
    case Verdict::kInconclusive:
      return strict ? kGateInconclusive : 0;
    case Verdict::kPass:
    case Verdict::kImproved:
      break;
  }
  return 0;
}

}  // namespace eyechart::reports
