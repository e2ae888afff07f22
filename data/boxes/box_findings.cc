#include "data/boxes/box_findings.h"

#include <algorithm>
#include <array>
#include <vector>

#include "core/error.h"

namespace eyechart::data {
namespace {

using namespace finding;

constexpr std::array kKinds = {
    BoxFindingKind{kPartUnread,
                   "folders called as a part that have pictures and no boxes' "
                   "file",
                   "not read", true},
    BoxFindingKind{kFoldersDiffer,
                   "folders in the YAML that are not those that are read",
                   "parts are found by their folders' names", true},
    BoxFindingKind{kNoImages, "parts that list no pictures", ""},
    BoxFindingKind{kNoBoxes,
                   "parts with pictures and without a box that counts (crowds "
                   "do not)",
                   "they have no AP, and choose nothing"},
    BoxFindingKind{kMissingPicture, "listed pictures that are not on disk",
                   "kept, marked as missing"},
    BoxFindingKind{kUnreadablePicture,
                   "pictures without a header that can be read", ""},
    BoxFindingKind{kNoSize, "pictures listed without width and height",
                   "the size is taken from the picture where it can be"},
    BoxFindingKind{kSizeUnusable,
                   "pictures whose width or height is no whole number of "
                   "pixels",
                   "the size is taken from the picture where it can be"},
    BoxFindingKind{kSizeDiffers, "pictures of another size than the set says",
                   ""},
    BoxFindingKind{kImageIdTwice,
                   "pictures listed with the id or name of one before them",
                   "left out, the first stays"},
    BoxFindingKind{kImageUnusable,
                   "pictures listed with a key that is missing or not what it "
                   "should be",
                   "left out"},
    BoxFindingKind{kFileTwice, "files listed more than once", ""},
    BoxFindingKind{kSamePicture,
                   "pictures byte for byte equal to another of their part", ""},
    BoxFindingKind{kLeakedPicture,
                   "pictures byte for byte equal to one of another part", ""},
    BoxFindingKind{kUnlistedPicture,
                   "pictures beside the listed ones that are not listed",
                   "left out"},
    BoxFindingKind{kTextImageId, "image ids that are texts",
                   "all images are numbered from 1"},
    BoxFindingKind{kTextCategoryId, "category ids that are texts",
                   "all categories are numbered from 1"},
    BoxFindingKind{kNumberAsText,
                   "rows with ids that are numbers written as texts",
                   "read as the numbers"},
    BoxFindingKind{kDummyCategory,
                   "categories of id 0 that name the project, without boxes",
                   "dropped"},
    BoxFindingKind{kCategoryIdTwice,
                   "categories with the id of one before them",
                   "left out, the first stays"},
    BoxFindingKind{kCategoryUnusable,
                   "categories with a key that is missing or not what it "
                   "should be",
                   "left out"},
    BoxFindingKind{kCategoryTwice, "category names that stand more than once",
                   ""},
    BoxFindingKind{kCategoryUnused, "categories without a box in the part", ""},
    BoxFindingKind{kCategoriesDiffer,
                   "parts with other categories than the first part", ""},
    BoxFindingKind{
        kIdBelowOne,
        "annotation ids below 1 (pycocotools can never count id 0 as found)",
        "all annotations are numbered from 1"},
    BoxFindingKind{kIdTwice, "annotation ids that stand more than once",
                   "all annotations are numbered from 1"},
    BoxFindingKind{kIdUnusable,
                   "annotations without an id, or with a text for one",
                   "all annotations are numbered from 1"},
    BoxFindingKind{kImageUnknown, "annotations of a picture that is not listed",
                   "left out"},
    BoxFindingKind{kCategoryUnknown,
                   "annotations of a category that is not listed", "left out"},
    BoxFindingKind{kRowUnusable,
                   "annotations with a key that is missing or not what it "
                   "should be",
                   "left out"},
    BoxFindingKind{kBoxNumbers, "boxes that are not given as 4 numbers",
                   "left out"},
    BoxFindingKind{kLabelFile, "files of boxes that are missing or unreadable",
                   "left out with their pictures"},
    BoxFindingKind{kNoBox, "annotations without a box", "left out"},
    BoxFindingKind{kNotFinite, "boxes with numbers that are not finite",
                   "left out"},
    BoxFindingKind{kDegenerate, "boxes without width or height",
                   "kept as they are, never trained on"},
    BoxFindingKind{kBeyondEdge, "boxes that reach beyond their picture",
                   "kept as they are, clipped for training"},
    BoxFindingKind{kOutside, "boxes wholly outside their picture",
                   "kept as they are, never trained on"},
    BoxFindingKind{kBoxTwice,
                   "boxes that stand more than once, with the same category",
                   ""},
    BoxFindingKind{kBoxUnsized,
                   "boxes given as shares of pictures of unknown size",
                   "left out"},
    BoxFindingKind{kPolygon, "outlines where boxes should stand",
                   "their bounding boxes are taken"},
    BoxFindingKind{kKeypoints, "boxes with keypoints behind them",
                   "the boxes alone are taken"},
    BoxFindingKind{kDifficult, "objects marked as difficult",
                   "read as crowds: neither asked for nor held against"},
    BoxFindingKind{kZeroCorner,
                   "boxes that begin at 0, where VOC counts pixels from 1 (the "
                   "tool may have written edges)",
                   ""},
    BoxFindingKind{kNoLabelFile, "pictures without a file of labels",
                   "read as pictures without boxes"},
    BoxFindingKind{kStrayLabelFile, "files of labels without a picture",
                   "left out"},
    BoxFindingKind{kSharedLabelFile,
                   "pictures with the file of labels of one before them",
                   "each has all of its boxes"},
};

}  // namespace

std::span<const BoxFindingKind> BoxFindingKinds() { return kKinds; }

const BoxFindingKind& FindBoxFinding(std::string_view name) {
  const auto it = std::find_if(
      kKinds.begin(), kKinds.end(),
      [name](const BoxFindingKind& kind) { return kind.name == name; });
  EYECHART_CHECK(it != kKinds.end(), "no kind of finding is called {}", name);
  return *it;
}

std::string FindingsText(const BoxDataset& dataset,
                         std::set<std::string>* told) {
  std::vector<std::string> lines;
  for (const BoxFindingKind& kind : BoxFindingKinds())
    for (const BoxWarning& warning : dataset.warnings) {
      if (warning.kind != kind.name || kind.name == kMissingPicture) continue;
      std::string line = fmt::format(
          "{}: {}{}{}{}", kind.what, warning.count,
          kind.of_set ? fmt::format(" ({})", warning.examples.front()) : "",
          kind.done.empty() ? "" : ", ", kind.done);
      if (kind.of_set && told != nullptr && !told->insert(line).second)
        continue;
      lines.push_back(std::move(line));
    }
  if (lines.empty()) return "";
  return fmt::format("{}{}{}: {}", dataset.name,
                     dataset.split.empty() ? "" : ", part ", dataset.split,
                     fmt::join(lines, "; "));
}

}  // namespace eyechart::data
