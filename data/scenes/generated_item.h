// One item of a generated folder: what a kind draws and says of it.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "data/image.h"
#include "data/scenes/generate.h"
#include "data/scenes/scene.h"

namespace eyechart::scenes::internal {

/// A row of questions.csv; empty and absent values are empty fields.
struct QuestionRow {
  std::string id;
  std::string path;
  std::int64_t pair = 0;  // 0: none
  std::string pattern;
  std::string question;
  std::array<std::string, 4> options;
  char answer = 'a';
  std::string statement;
  std::string difficulty;
  std::string unit;
  int step = -1;  // -1: none
  std::string value;
  std::string tolerance;
  std::string low;  // of a scale, in the unit of `value`
  std::string high;
  std::string share;  // of the scale that lies below the value, 0 to 1
};

struct Picture {
  std::string stem;  // path in the folder, without extension
  data::Image image;
  int jpeg_quality = 90;
};

/// A pair, or one picture.
struct Item {
  std::vector<Picture> pictures;
  std::vector<QuestionRow> rows;     // paths without extension
  std::vector<SceneObject> objects;  // scenes only
  std::string caption;
  bool detailed = false;
};

/// One cell of a contact sheet.
struct Cell {
  std::vector<data::Image> images;  // side by side
  std::string label;
};
struct SheetRow {
  std::string title;
  std::vector<Cell> cells;
};

/// Side of a contact sheet's pictures as they are drawn and as they are shown.
inline constexpr int kSheetSide = 72;
inline constexpr int kSheetScale = 3;

/// A grid of pictures with titles and labels; those of the cells are
/// kSheetScale * kSheetSide pixels a side.
data::Image ContactSheet(const std::vector<SheetRow>& rows);

/// What a kind of folder is made of.
struct KindParts {
  std::int64_t items;
  Item (*render)(const GenerateOptions& options, std::int64_t item);
  std::vector<SheetRow> (*sheet)(const GenerateOptions& options);
};
/// Checks the options; throws InputError.
KindParts PartsOf(const GenerateOptions& options);

/// Names that an item of the kind may have as its pattern, and its steps.
Json StepsOf(const GenerateOptions& options);

}  // namespace eyechart::scenes::internal
