// Boxes that a model writes down: Florence-2's <OD> and its kin, over a data
// set, as COCO has them.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/json.h"
#include "core/progress.h"
#include "encoders/loaded_captioner.h"
#include "encoders/look_dataset.h"

namespace eyechart::detection {

struct WrittenBoxOptions {
  /// A task whose answers are boxes, with its input where it takes some.
  std::string prompt = "<OD>";
  encoders::LookOptions look;
  /// The folder's own where none: published ones search with three beams.
  std::int64_t num_beams = 0;
  std::int64_t max_new_tokens = 0;
};

struct WrittenBox {
  std::size_t picture = 0;       // in the data set
  std::string label;             // as written
  std::array<int, 4> corners{};  // x1, y1, x2, y2 in pixels of the picture
};

struct WrittenBoxes {
  std::vector<WrittenBox> boxes;          // in the data set's order
  std::vector<std::array<int, 2>> sizes;  // width, height; 0 where unreadable
  encoders::LookSummary pictures;
};

/// Asks `model` for the boxes in every picture. Throws InputError for a prompt
/// whose answers are no boxes, and for preprocessing that crops, as places are
/// told in parts of the whole picture.
WrittenBoxes WriteBoxes(encoders::LoadedCaptioner& model,
                        const data::Dataset& dataset,
                        const WrittenBoxOptions& options,
                        Progress& progress);

/// Labels as a data set's categories have them: names to ids, compared without
/// regard to case.
class Categories {
 public:
  /// Those of a COCO JSON, or none. Throws InputError for a damaged list.
  explicit Categories(const Json& coco, const std::string& source);
  Categories() = default;

  bool empty() const { return ids_.empty(); }
  /// The id of `label`, or nothing.
  const std::int64_t* Find(const std::string& label) const;
  /// The id of `label`, which is added with the next number if it is new.
  std::int64_t Add(const std::string& label);

  /// [{"id", "name"}], in the order of ids.
  Json ToJson() const;

 private:
  std::map<std::string, std::int64_t> ids_;  // by lower-case name
  std::map<std::int64_t, std::string> names_;
};

}  // namespace eyechart::detection
