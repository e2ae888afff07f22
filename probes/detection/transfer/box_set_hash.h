// Which detection set a result is of.
#pragma once

#include <string>

#include "data/boxes/box_dataset.h"

namespace eyechart::detection {

/// The rule that BoxSetSha256 goes by. Results say it as `dataset_hash`; those
/// that do not are of rule 1, which was of ids and boxes alone.
inline constexpr int kBoxSetHash = 2;

/// SHA-256, in hexadecimal, of all that the set's lists say of its pictures
/// (ids, paths within the set, sizes), boxes (with area and crowd) and
/// categories, wherever the set lies.
std::string BoxSetSha256(const data::BoxDataset& set);

}  // namespace eyechart::detection
