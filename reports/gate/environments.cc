#include "reports/gate/environments.h"

#include <algorithm>
#include <set>

#include "core/error.h"
#include "core/hash.h"

namespace eyechart::reports {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kHashDigits = 16;  // as in records

bool Counts(const std::string& key, const Policy& policy) {
  if (!policy.must_agree.empty())
    return std::ranges::find(policy.must_agree, key) != policy.must_agree.end();
  return std::ranges::find(policy.may_differ, key) == policy.may_differ.end();
}

}  // namespace

std::map<std::string, Json> EnvironmentsOf(const RunFolder& run) {
  std::map<std::string, Json> found;
  if (run.environment.is_object()) {
    Json document = run.environment;
    document.erase("command");
    found[Sha256Hex(CanonicalJson(document)).substr(0, kHashDigits)] = document;
  }
  if (!fs::is_directory(run.path)) return found;
  constexpr std::string_view kPrefix = "environment-";
  for (const auto& entry : fs::directory_iterator(run.path)) {
    const std::string name = entry.path().stem().string();
    if (!name.starts_with(kPrefix) || entry.path().extension() != ".json")
      continue;
    const Json document = ReadJsonFile(entry.path());
    EYECHART_REQUIRE(document.is_object(), "{}: should be a JSON object",
                     entry.path().string());
    found[name.substr(kPrefix.size())] = document;
  }
  return found;
}

std::map<std::string, std::pair<Json, Json>> EnvironmentDifferences(
    const std::map<std::string, Json>& baseline,
    const std::string& baseline_hash,
    const std::map<std::string, Json>& candidate,
    const std::string& candidate_hash,
    const Policy& policy) {
  if (baseline_hash == candidate_hash) return {};
  const auto before = baseline.find(baseline_hash);
  const auto after = candidate.find(candidate_hash);
  if (before == baseline.end() || after == candidate.end())
    return {{"fingerprint", {baseline_hash, candidate_hash}}};
  std::set<std::string> keys;
  for (const Json* document : {&before->second, &after->second})
    for (const auto& item : document->items()) keys.insert(item.key());
  std::map<std::string, std::pair<Json, Json>> differences;
  for (const std::string& key : keys) {
    const Json was = before->second.value(key, Json());
    const Json is = after->second.value(key, Json());
    // The command that was typed is no part of the fingerprint.
    if (was != is && key != "command" && Counts(key, policy))
      differences.emplace(key, std::pair(was, is));
  }
  return differences;
}

}  // namespace eyechart::reports
