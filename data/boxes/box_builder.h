// What every reader of detection sets fills: the checks that all of them need
// are made here, once.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>

#include "data/boxes/box_dataset.h"

namespace eyechart::data::internal {

class BoxBuilder {
 public:
  /// Counts an oddity; the first five examples are kept.
  void Count(std::string_view kind, const std::string& example);

  /// Counts a row that cannot be used and is left out. Finish refuses a part of
  /// which nothing else is there.
  void Drop(std::string_view kind, const std::string& example);

  /// Adds a category. Throws InputError, beginning with `place`, where its id
  /// was added before.
  void AddCategory(BoxCategory category, const std::string& place);

  /// Adds an image whose `path` is relative to `root`; `file` is filled in.
  /// Throws InputError, beginning with `place`, where the id was added before
  /// or the path leaves the root.
  std::size_t AddImage(BoxImage image,
                       const std::filesystem::path& root,
                       const std::string& place);

  /// Adds a box, whose image and category must be there. An id below 1 has all
  /// of them renumbered; where `has_id` is false it is numbered silently.
  void AddBox(const TrueBox& box, bool has_id = true);

  /// Drops the category at `index`, which no box may have.
  void DropCategory(std::size_t index);

  BoxDataset& dataset() { return dataset_; }

  /// Makes the checks that need the whole, fills sizes that the set does not
  /// say from the pictures, and gives the set away. Throws InputError where
  /// rows were dropped and no box is left, or no picture is on disk, unless
  /// `options` allow it.
  BoxDataset Finish(const BoxOptions& options);

 private:
  std::string Describe(const TrueBox& box) const;
  void CheckPictures(const BoxOptions& options);
  void CheckBoxesLeft(const BoxOptions& options);
  void CheckPlaces();
  void CheckRepeats();
  void Renumber();

  BoxDataset dataset_;
  std::map<std::string, std::size_t, std::less<>> warning_of_;
  std::unordered_map<std::int64_t, std::size_t> category_of_;
  std::unordered_map<std::string, std::size_t> image_of_;
  bool renumber_ = false;
  std::int64_t dropped_ = 0;
  std::string first_dropped_;
};

/// At most this far in pixels a box reaches beyond its picture without a
/// warning: x and w are each rounded to hundredths in COCO's own files.
inline constexpr double kEdgeTolerance = 0.02;

}  // namespace eyechart::data::internal
