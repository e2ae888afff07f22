// Whether two runs were measured in environments that can be compared.
#pragma once

#include <map>
#include <string>

#include "core/json.h"
#include "reports/gate/policy.h"
#include "reports/run_folder.h"

namespace eyechart::reports {

/// The environments of a run by the hash that its records carry: the first 16
/// digits of the SHA-256 of environment.json without its command, and the names
/// of environment-<hash>.json. Throws InputError where one is no JSON object.
std::map<std::string, Json> EnvironmentsOf(const RunFolder& run);

/// What differs, of the keys that the policy counts: key -> (baseline,
/// candidate). A key inside another one is named with a dot,
/// "hardware.governors"; a policy that names "hardware" means all of them. A
/// key that one document lacks, as one of an older eyechart does, says nothing
/// of the machine: it differs (from null) only where must_agree names it, or
/// with `lacking`. A hash that is the same differs in nothing; one without a
/// document, and documents that share no key that counts, in "fingerprint".
std::map<std::string, std::pair<Json, Json>> EnvironmentDifferences(
    const std::map<std::string, Json>& baseline,
    const std::string& baseline_hash,
    const std::map<std::string, Json>& candidate,
    const std::string& candidate_hash,
    const Policy& policy,
    bool lacking = false);

}  // namespace eyechart::reports
