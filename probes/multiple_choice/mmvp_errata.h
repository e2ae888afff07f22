// Labels of MMVP that are wrong in the released file, and what is right.
#pragma once

#include <optional>
#include <string_view>

namespace eyechart::multiple_choice {

/// Names this table in records; another table has another version.
inline constexpr std::string_view kMmvpErrataVersion = "mmvp-errata-1";

/// Where the corrections are from.
inline constexpr std::string_view kMmvpErrataSource =
    "github.com/tsb0601/MMVP issues 14 and 30; lmms-lab-eval/MMVP";

/// Index (from 0) of the right option of question `id`, if the released label
/// is wrong. It replaces the label, whatever that is: a corrected copy of the
/// file stays as it is.
std::optional<int> MmvpCorrection(long long id);

}  // namespace eyechart::multiple_choice
