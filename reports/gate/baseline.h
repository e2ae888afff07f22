// The baseline's folder: a run, with the reasons why it became the baseline.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "core/json.h"

namespace eyechart::reports {

/// Makes the run in `run` the baseline in `baseline`, which need not exist yet:
/// copies records, environments, outcomes, samples and suite.toml, built beside
/// `baseline` and renamed, so that a reader sees the old one or the new.
/// baseline.json keeps {"schema":1, "updates":[{"when", "reason", "run",
/// "verdict"}]}, oldest first, those before included. noise.json stays where
/// the machine is the same: the environments differ in nothing but what a
/// policy lets differ by default. Throws InputError where `run` is no run
/// folder, where `baseline` exists and is none, or where `reason` is blank.
void UpdateBaseline(const std::filesystem::path& run,
                    const std::filesystem::path& baseline,
                    const std::string& reason,
                    std::string_view verdict);

}  // namespace eyechart::reports
