// Which parts of a detection set are trained on, choose and are tested on.
#pragma once

#include <filesystem>
#include <string>

#include "data/boxes/box_dataset.h"

namespace eyechart::data {

struct PartRoles {
  std::string train;
  std::string validation;  // empty: cut from train
  std::string test;
  /// `train` was named, or is not what the set calls train alone but its
  /// trainval: other parts may repeat its pictures.
  bool chosen_train = false;
  bool chosen_test = false;  // `test` was named
};

/// `train` and `test` are parts by name. An empty `train` is the part train or,
/// where there is none, trainval; an empty `test` is test, or valid where there
/// is none. Of parts that differ in a year alone those go together that have
/// the same: val2017 with train2017. Validation is valid, unless that is tested
/// on or several may be meant. Throws InputError, naming the options that say
/// it, where a part is missing or may be any of several, and where what is
/// trained on would be tested on.
PartRoles RolesOfParts(const std::filesystem::path& root,
                       const std::string& train,
                       const std::string& test,
                       const BoxOptions& options);

/// Whether some picture of `a` is one of `b` too, by its file.
bool SharePictures(const BoxDataset& a, const BoxDataset& b);

}  // namespace eyechart::data
