#include "data/boxes/part_roles.h"

#include <algorithm>
#include <unordered_set>
#include <utility>
#include <vector>

#include "core/error.h"
#include "data/boxes/split_names.h"

namespace eyechart::data {
namespace {

using internal::MatchingSplits;
using internal::MatchSplit;

std::string Listed(const std::vector<std::string>& splits) {
  if (splits == std::vector<std::string>{""}) return "it is one part";
  return fmt::format("there are {}",
                     fmt::join(internal::InOrder(splits), ", "));
}

std::string TheOne(const std::vector<std::string>& found,
                   const std::string& root,
                   const char* role,
                   const char* option,
                   const char* key) {
  EYECHART_REQUIRE(found.size() == 1,
                   "{}: its part to {} may be any of {}; name one with {} (in "
                   "a suite {})",
                   root, role, fmt::join(internal::InOrder(found), ", "),
                   option, key);
  return found.front();
}

// `train` and `test` are as they were asked for.
void RequireApart(const PartRoles& roles,
                  const std::string& train,
                  const std::string& test,
                  const std::string& source) {
  if (roles.train != roles.test) return;
  const char* change =
      test.empty()    ? "--train-part, or the part to test on with --part"
      : train.empty() ? "--part, or the part to train on with --train-part"
                      : "--train-part or --part";
  ThrowInput(
      "{}: part {} is trained on and part {} is tested on, which is the "
      "same: a head would be judged by the pictures it learned; name "
      "another with {} (in a suite train_part, part)",
      source, roles.train, roles.test, change);
}

}  // namespace

PartRoles RolesOfParts(const std::filesystem::path& root,
                       const std::string& train,
                       const std::string& test,
                       const BoxOptions& options) {
  const std::string source = root.string();
  const std::vector<std::string> splits = BoxSplits(root, options);
  PartRoles roles;
  if (!train.empty()) {
    roles.train = MatchSplit(splits, train, source);
  } else {
    std::vector<std::string> found = MatchingSplits(splits, "train");
    if (found.empty()) found = MatchingSplits(splits, "trainval");
    EYECHART_REQUIRE(!found.empty(),
                     "{}: it has no part to train on: should have train and "
                     "test, or train and valid; name another with --train-part "
                     "(in a suite train_part); {}",
                     source, Listed(splits));
    roles.train =
        TheOne(found, source, "train on", "--train-part", "train_part");
  }
  roles.chosen_train = !train.empty() || MatchingSplits(splits, "train") !=
                                             std::vector{roles.train};
  roles.chosen_test = !test.empty();
  const std::vector<std::string> valid =
      MatchingSplits(splits, "valid", roles.train);
  if (!test.empty()) {
    roles.test = MatchSplit(splits, test, source);
  } else {
    std::vector<std::string> found =
        MatchingSplits(splits, "test", roles.train);
    if (found.empty()) found = valid;
    EYECHART_REQUIRE(!found.empty(),
                     "{}: it has no part to test on: test or valid; name "
                     "another with --part (in a suite part); {}",
                     source, Listed(splits));
    roles.test = TheOne(found, source, "test on", "--part", "part");
  }
  RequireApart(roles, train, test, source);
  // What is tested on never chooses, nor does a part of its kind.
  if (valid.size() == 1 && MatchingSplits({roles.test}, "valid").empty())
    roles.validation = valid.front();
  if (roles.validation == roles.train) roles.validation.clear();
  return roles;
}

bool SharePictures(const BoxDataset& a, const BoxDataset& b) {
  std::unordered_set<std::string> files;
  for (const BoxImage& image : a.images)
    files.insert(image.file.lexically_normal().string());
  return std::any_of(
      b.images.begin(), b.images.end(), [&files](const BoxImage& image) {
        return files.contains(image.file.lexically_normal().string());
      });
}

}  // namespace eyechart::data
