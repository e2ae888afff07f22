// What is told of pictures that are not as their set says, and what it costs.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "probes/detection/transfer/transfer.h"

namespace eyechart::detection {

/// Of a part that is tested on: "NAME: 3 pictures are not on disk: their 7
/// boxes count as missed; the first is PATH", without crowds. Empty where none
/// is missing.
std::string MissingText(const data::BoxDataset& dataset);

/// The same of pictures that could not be read, by their places in the set;
/// `problems` is "path: why" of each.
std::string UnreadableText(const data::BoxDataset& dataset,
                           const std::vector<std::size_t>& images,
                           const std::vector<std::string>& problems);

/// Of pictures that were decoded at another size than the set says, as far as
/// they were read; empty where none was.
std::string OtherSizesText(const BoxExamples& examples);

/// All of it that there is to tell of a part after `applied` was found in it, a
/// line each.
std::vector<std::string> PictureWarnings(const BoxExamples& examples,
                                         const AppliedDetector& applied);

}  // namespace eyechart::detection
