#include <algorithm>
#include <array>

#include "data/scenes/generated_item.h"
#include "data/scenes/lettering.h"

namespace eyechart::scenes::internal {
namespace {

constexpr int kTitle = 16;  // rows for a title
constexpr int kLabel = 14;  // rows for the labels
constexpr int kGap = 6;
constexpr Color kSheetPaper{250, 250, 248};
constexpr Color kInk{40, 42, 48};

// The mean of kSheetScale x kSheetScale pixels, rounded.
void PutReduced(const data::Image& from, data::Image& to, int left, int top) {
  constexpr int kArea = kSheetScale * kSheetScale;
  for (int y = 0; y < kSheetSide; ++y) {
    for (int x = 0; x < kSheetSide; ++x) {
      std::array<int, 3> sum{};
      for (int dy = 0; dy < kSheetScale; ++dy) {
        for (int dx = 0; dx < kSheetScale; ++dx) {
          const std::size_t at =
              (static_cast<std::size_t>(y * kSheetScale + dy) * from.width +
               x * kSheetScale + dx) *
              3;
          for (std::size_t c = 0; c < 3; ++c) sum[c] += from.pixels[at + c];
        }
      }
      const std::size_t at =
          (static_cast<std::size_t>(top + y) * to.width + left + x) * 3;
      for (std::size_t c = 0; c < 3; ++c)
        to.pixels[at + c] =
            static_cast<std::uint8_t>((sum[c] + kArea / 2) / kArea);
    }
  }
}

int WidthOf(const Cell& cell) {
  return static_cast<int>(cell.images.size()) * (kSheetSide + 1) + kGap;
}

void Write(Canvas& canvas,
           const std::string& text,
           double left,
           double y,
           double height) {
  const double width = TextWidth(text, height, Face::kSimplex);
  PaintText(canvas, text, {left + width / 2, y}, height, 1.1, Face::kSimplex,
            Flat(kInk));
}

}  // namespace

data::Image ContactSheet(const std::vector<SheetRow>& rows) {
  int width = 2 * kGap;
  int height = kGap;
  for (const SheetRow& row : rows) {
    int row_width = kGap;
    for (const Cell& cell : row.cells) row_width += WidthOf(cell);
    width = std::max(width, row_width);
    height += (row.title.empty() ? 0 : kTitle) + kSheetSide + kLabel + kGap;
  }
  Canvas canvas(width, height);
  canvas.FillRows(0, height, kSheetPaper, kSheetPaper);
  int top = kGap;
  for (const SheetRow& row : rows) {
    if (!row.title.empty()) {
      Write(canvas, row.title, kGap, top + kTitle * 0.4, 9);
      top += kTitle;
    }
    int left = kGap;
    for (const Cell& cell : row.cells) {
      int x = left;
      for (const data::Image& image : cell.images) {
        PutReduced(image, canvas.image(), x, top);
        x += kSheetSide + 1;
      }
      Write(canvas, cell.label, left, top + kSheetSide + kLabel * 0.5, 6.5);
      left += WidthOf(cell);
    }
    top += kSheetSide + kLabel + kGap;
  }
  return std::move(canvas.image());
}

}  // namespace eyechart::scenes::internal
