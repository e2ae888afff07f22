// What every reader of detection sets fills: the checks that all of them need
// are made here, once.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "data/boxes/box_dataset.h"

namespace eyechart::data::internal {

/// What a row of a set's lists tells of.
enum class RowOf { kCategory, kImage, kBox };

/// A width or height that the set has and that is none.
inline constexpr int kUnusableSide = -1;

class BoxBuilder {
 public:
  /// Counts an oddity; the first five examples are kept, bytes that are not
  /// UTF-8 in them escaped.
  void Count(std::string_view kind, const std::string& example);

  /// Counts a row of boxes, images or categories that cannot be used and is
  /// left out. Finish refuses a part of which no other of its kind is there.
  void Drop(std::string_view kind,
            const std::string& example,
            RowOf row = RowOf::kBox);

  /// Adds a category, whose id was not added before; its index.
  std::size_t AddCategory(BoxCategory category);

  /// Adds an image whose `path` is relative to `root`; its index. `file` is
  /// filled in; a width or height of kUnusableSide was told of and is found
  /// out. One whose id was added before or whose path leaves the root is
  /// dropped, named by `place`. Throws InputError for one whose name is not
  /// UTF-8.
  std::optional<std::size_t> AddImage(BoxImage image,
                                      const std::filesystem::path& root,
                                      const std::string& place);

  /// Adds a box, whose image and category must be there. An id below 1 has all
  /// of them renumbered; where `has_id` is false it is numbered silently.
  void AddBox(const TrueBox& box, bool has_id = true);

  /// Drops the category at `index`, which no box may have.
  void DropCategory(std::size_t index);

  BoxDataset& dataset() { return dataset_; }

  /// Makes the checks that need the whole, fills sizes that the set does not
  /// say from the pictures, makes one class of all where `options` ask for it,
  /// and gives the set away. Throws InputError where rows were dropped and no
  /// box, image or category is left, or no picture is on disk, unless `options`
  /// allow it.
  BoxDataset Finish(const BoxOptions& options);

 private:
  std::string Describe(const TrueBox& box) const;
  void CheckPictures(const BoxOptions& options);
  void CheckRowsLeft(const BoxOptions& options);
  void MakeSingleClass();
  void CheckPlaces();
  void CheckRepeats();
  void Renumber();

  BoxDataset dataset_;
  std::map<std::string, std::size_t, std::less<>> warning_of_;
  std::unordered_map<std::int64_t, std::size_t> category_of_;
  std::unordered_map<std::string, std::size_t> image_of_;
  bool renumber_ = false;
  struct Dropped {
    std::int64_t count = 0;
    std::string first;
  };
  std::map<RowOf, Dropped> dropped_;
};

/// At most this far in pixels a box reaches beyond its picture without a
/// warning: x and w are each rounded to hundredths in COCO's own files.
inline constexpr double kEdgeTolerance = 0.02;

}  // namespace eyechart::data::internal
