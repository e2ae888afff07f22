// Parts of a detection set by seed: K shots a class, n pictures, a validation
// part. Equal seeds give equal parts on every machine, and a larger part holds
// the smaller one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "data/boxes/box_dataset.h"

namespace eyechart::data {

/// What "K examples per class" is.
enum class ShotRule {
  /// K boxes of each class, drawn by themselves; other boxes of the same
  /// pictures are left out. RF100-VL's published 10-shot parts can be no other:
  /// 1,099 boxes for the 110 classes of its 20 sets.
  kBoxes,
  /// Whole pictures with all their boxes: in one drawn order, a picture is
  /// taken where some class in it has fewer than K boxes in the pictures
  /// before it. A class may so have more than K; no object goes unlabelled.
  kPictures,
};

struct FewShotOptions {
  std::size_t shots = 10;            // K; RF100-VL's
  ShotRule rule = ShotRule::kBoxes;  // RF100-VL's
  std::uint64_t seed = 0;
};

/// The K-shot part of `dataset`; all of a class that has fewer than K boxes.
/// Crowds and boxes that cannot be trained on (TrainingBox) are no examples;
/// under kPictures they stay where their picture is taken. Pictures and boxes
/// keep the set's order. Throws InputError for K = 0, and where no box can be
/// trained on.
BoxDataset FewShot(const BoxDataset& dataset, const FewShotOptions& options);

/// The first `count` of the pictures' seeded order, or all where there are
/// fewer, by index and ascending: for curves of score against pictures. Those
/// of a smaller count are among those of a larger one.
std::vector<std::size_t> SubsetOfImages(const BoxDataset& dataset,
                                        std::size_t count,
                                        std::uint64_t seed);

struct TrainValidation {
  std::vector<std::size_t> train;       // indices of images, ascending
  std::vector<std::size_t> validation;  // at least one, as has train
};

/// Cuts a validation part of `share` (of the pictures, rounded) from a training
/// set, by pictures. Throws InputError for fewer than 2 pictures and a share
/// outside (0, 1).
TrainValidation SplitImages(const BoxDataset& dataset,
                            double share,
                            std::uint64_t seed);

}  // namespace eyechart::data
