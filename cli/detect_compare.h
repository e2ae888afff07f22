// Results of `detect train` side by side: whether they are of like heads, and
// the difference in AP, seed by seed.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/json.h"

namespace eyechart::cli {

/// A finished result, as its detect.json has it.
struct ComparedResult {
  std::string file;
  Json json;
};

/// Reads a detect.json, or the points of a curve.json, whose folders lie beside
/// it; of a folder the one or the other. Throws InputError for what is neither.
std::vector<ComparedResult> ReadCompared(const std::string& path);

/// Pictures that were asked for to train on; 0: all.
std::int64_t ImagesOf(const Json& result);

/// For each of `ours` the place in `others` of what it is compared with: the
/// other where both sides are one result, else that of as many pictures; -1
/// where there is none. Throws InputError where no two belong together.
std::vector<std::int64_t> MatchResults(
    const std::vector<Json>& ours, const std::vector<ComparedResult>& others);

/// Throws InputError where `other` differs from `ours`, a result or what is
/// planned of it, in more than the encoder and the seeds: protocol, set, part,
/// pictures, recipe, head, its suppression, the boxes kept, or how pictures are
/// laid. Returns warnings: what `other` does not say, being of an eyechart that
/// did not write it yet; sets whose hashes are of two rules, so that their
/// names decide; inputs of other sizes, maps of other numbers of tokens, and
/// stages of an encoder that one of them alone reads.
std::vector<std::string> RequireComparable(const Json& ours,
                                           const ComparedResult& other);

/// RequireComparable, then CompareRuns of both.
Json CompareResults(const Json& ours, const ComparedResult& other);

}  // namespace eyechart::cli
