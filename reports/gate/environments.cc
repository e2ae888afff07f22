#include "reports/gate/environments.h"

#include <algorithm>
#include <set>

#include "core/error.h"
#include "core/hash.h"

namespace eyechart::reports {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kHashDigits = 16;  // as in records

// By its own name, or by that of what it is part of.
bool NamesKey(const std::vector<std::string>& names, std::string_view key) {
  return std::ranges::any_of(names, [key](const std::string& name) {
    return key.starts_with(name) &&
           (key.size() == name.size() || key[name.size()] == '.');
  });
}

bool CountsKey(const std::string& key, const Policy& policy) {
  // The command that was typed is no part of the fingerprint.
  if (key == "command") return false;
  if (!policy.must_agree.empty()) return NamesKey(policy.must_agree, key);
  return !NamesKey(policy.may_differ, key);
}

// Whether what both say is the same: the tables of a list may lack keys.
bool SaysTheSame(const Json& was, const Json& is) {
  if (was.is_object() && is.is_object())
    return std::ranges::all_of(was.items(), [&is](const auto& item) {
      const auto other = is.find(item.key());
      return other == is.end() || SaysTheSame(item.value(), *other);
    });
  if (was.is_array() && is.is_array())
    return std::ranges::equal(was, is, SaysTheSame);
  return was == is;
}

struct DocumentDifferences {
  const Policy& policy;
  bool lacking = false;
  std::map<std::string, std::pair<Json, Json>> found;
  std::size_t shared = 0;  // keys that count and that both have

  void Compare(const std::string& prefix, const Json& was, const Json& is) {
    for (const auto& item : was.items()) {
      const std::string key = prefix + item.key();
      if (const auto other = is.find(item.key()); other != is.end())
        CompareValues(key, item.value(), *other);
      else
        AddLacking(key, item.value(), Json());
    }
    for (const auto& item : is.items())
      if (!was.contains(item.key()))
        AddLacking(prefix + item.key(), Json(), item.value());
  }

 private:
  void CompareValues(const std::string& key, const Json& was, const Json& is) {
    if (was.is_object() && is.is_object()) {
      Compare(key + ".", was, is);
    } else if (CountsKey(key, policy)) {
      ++shared;
      if (lacking ? was != is : !SaysTheSame(was, is))
        found.emplace(key, std::pair(was, is));
    }
  }

  void AddLacking(const std::string& key, const Json& was, const Json& is) {
    const bool named =
        std::ranges::find(policy.must_agree, key) != policy.must_agree.end();
    if (named || (lacking && CountsKey(key, policy)))
      found.emplace(key, std::pair(was, is));
  }
};

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
    const Policy& policy,
    bool lacking) {
  if (baseline_hash == candidate_hash) return {};
  const std::map<std::string, std::pair<Json, Json>> unknown = {
      {"fingerprint", {baseline_hash, candidate_hash}}};
  const auto before = baseline.find(baseline_hash);
  const auto after = candidate.find(candidate_hash);
  if (before == baseline.end() || after == candidate.end()) return unknown;
  DocumentDifferences differences{policy, lacking, {}};
  differences.Compare("", before->second, after->second);
  const bool judged = differences.shared > 0 || !differences.found.empty();
  return judged ? differences.found : unknown;
}

}  // namespace eyechart::reports
