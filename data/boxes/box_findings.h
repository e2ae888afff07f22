// The kinds of oddity in detection sets, and what becomes of each.
#pragma once

#include <set>
#include <span>
#include <string>
#include <string_view>

#include "data/boxes/box_dataset.h"

namespace eyechart::data {

struct BoxFindingKind {
  std::string_view name;
  std::string_view what;  // for people, to stand before a count
  std::string_view done;  // what reading does about it; empty: nothing
  // It is of the set as a whole: each part has the same, and one is told.
  bool of_set = false;
};

/// All kinds that warnings and findings can have.
std::span<const BoxFindingKind> BoxFindingKinds();

/// The row called `name`, which must be one.
const BoxFindingKind& FindBoxFinding(std::string_view name);

/// What is odd in `dataset` in one line, by kind with counts and what was done:
/// "NAME, part train: annotations without a box: 2, left out; ..."; empty where
/// nothing is. Of what is odd in the set as a whole the first is named. Of
/// missing pictures nothing is said: who reads them does. With `told`, for the
/// parts of one set after another: what it has of the whole set is left out,
/// and what is told is added.
std::string FindingsText(const BoxDataset& dataset,
                         std::set<std::string>* told = nullptr);

namespace finding {

inline constexpr std::string_view kNoImages = "no_images";
inline constexpr std::string_view kNoBoxes = "no_boxes";
inline constexpr std::string_view kMissingPicture = "missing_picture";
inline constexpr std::string_view kUnreadablePicture = "unreadable_picture";
inline constexpr std::string_view kNoSize = "no_size";
inline constexpr std::string_view kSizeUnusable = "size_unusable";
inline constexpr std::string_view kSizeDiffers = "size_differs";
inline constexpr std::string_view kImageIdTwice = "image_id_twice";
inline constexpr std::string_view kImageUnusable = "image_unusable";
inline constexpr std::string_view kFileTwice = "file_twice";
inline constexpr std::string_view kSamePicture = "same_picture";
inline constexpr std::string_view kLeakedPicture = "leaked_picture";
inline constexpr std::string_view kUnlistedPicture = "unlisted_picture";
inline constexpr std::string_view kTextImageId = "text_image_id";
inline constexpr std::string_view kTextCategoryId = "text_category_id";
inline constexpr std::string_view kNumberAsText = "id_number_as_text";
inline constexpr std::string_view kDummyCategory = "dummy_category";
inline constexpr std::string_view kCategoryIdTwice = "category_id_twice";
inline constexpr std::string_view kCategoryUnusable = "category_unusable";
inline constexpr std::string_view kCategoryTwice = "category_name_twice";
inline constexpr std::string_view kCategoryUnused = "category_without_boxes";
inline constexpr std::string_view kCategoriesDiffer = "categories_differ";
inline constexpr std::string_view kIdBelowOne = "annotation_id_below_one";
inline constexpr std::string_view kIdTwice = "annotation_id_twice";
inline constexpr std::string_view kIdUnusable = "annotation_id_unusable";
inline constexpr std::string_view kImageUnknown = "annotation_image_unknown";
inline constexpr std::string_view kCategoryUnknown =
    "annotation_category_unknown";
inline constexpr std::string_view kRowUnusable = "annotation_unusable";
inline constexpr std::string_view kBoxNumbers = "box_not_four_numbers";
inline constexpr std::string_view kLabelFile = "label_file_unusable";
inline constexpr std::string_view kNoBox = "annotation_without_box";
inline constexpr std::string_view kNotFinite = "box_not_finite";
inline constexpr std::string_view kDegenerate = "box_degenerate";
inline constexpr std::string_view kBeyondEdge = "box_beyond_edge";
inline constexpr std::string_view kOutside = "box_outside";
inline constexpr std::string_view kBoxTwice = "box_twice";
inline constexpr std::string_view kBoxUnsized = "box_of_unknown_size";
inline constexpr std::string_view kPolygon = "polygon";
inline constexpr std::string_view kDifficult = "difficult";
inline constexpr std::string_view kZeroCorner = "voc_corner_zero";
inline constexpr std::string_view kNoLabelFile = "no_label_file";
inline constexpr std::string_view kStrayLabelFile = "stray_label_file";
inline constexpr std::string_view kSharedLabelFile = "shared_label_file";
inline constexpr std::string_view kKeypoints = "keypoints";
inline constexpr std::string_view kPartUnread = "part_unread";
inline constexpr std::string_view kFoldersDiffer = "yaml_folders_differ";

}  // namespace finding
}  // namespace eyechart::data
