#include "mining/cosine_picture.h"

#include <gtest/gtest.h>

#include <regex>
#include <stdexcept>

#include "tests/mining/occurrences.h"

namespace eyechart::mining {
namespace {

using testing::Occurrences;

CosinePictureText Text() {
  return {"clip & <co>", "dinov2", 0.95, 0.6, 1234567, 34, 5};
}

// `bins` bins a side over [-1, 1], all empty.
CosineHistogram Empty(std::size_t bins) {
  CosineHistogram histogram;
  for (std::size_t i = 0; i <= bins; ++i)
    histogram.near_edges.push_back(-1 + 2 * static_cast<double>(i) /
                                            static_cast<double>(bins));
  histogram.far_edges = histogram.near_edges;
  histogram.counts.assign(bins * bins, 0);
  return histogram;
}

bool Has(const std::string& text, const std::string& part) {
  return Occurrences(text, part) > 0;
}

// The rectangles of all levels: M left top H right V bottom.
struct Cell {
  double left, top, right, bottom;
};
std::vector<Cell> CellsOf(const std::string& svg) {
  static const std::regex kCell(
      "M([0-9.]+) ([0-9.]+)H([0-9.]+)V([0-9.]+)H[0-9.]+z");
  std::vector<Cell> cells;
  for (std::sregex_iterator it(svg.begin(), svg.end(), kCell), end; it != end;
       ++it)
    cells.push_back({std::stod((*it)[1]), std::stod((*it)[2]),
                     std::stod((*it)[3]), std::stod((*it)[4])});
  return cells;
}

TEST(CosinePicture, SaysItsNumbersToWhoCannotSeeIt) {
  CosineHistogram histogram = Empty(4);
  histogram.counts[5] = 3;
  histogram.exact_from = 0.9;
  histogram.sampled = 50000;
  const std::string svg = CosineSvg(histogram, Text());
  EXPECT_TRUE(Has(svg, "role=\"img\""));
  EXPECT_TRUE(Has(
      svg,
      "aria-label=\"1,234,567 pairs by cosine of clip &amp; &lt;co&gt; "
      "(across) and of dinov2 (up); 34 have a near cosine above 0.95, of which "
      "5 have a far cosine below 0.6: the blind corner, bottom right. Exact "
      "from a near cosine of 0.9 on, estimated below from 50,000 sampled "
      "pairs\""))
      << svg;
  EXPECT_TRUE(Has(svg, "5 blind pairs"));
  EXPECT_TRUE(Has(svg, "near &gt; 0.95"));
  EXPECT_TRUE(Has(svg, "far &lt; 0.6"));
  EXPECT_TRUE(Has(svg, ">sampled<"));
  EXPECT_FALSE(Has(svg, "<co>"));
  // Inline, and from nowhere else.
  for (const char* outside : {"http", "url(", "@import", "<image"})
    EXPECT_FALSE(Has(svg, outside)) << outside;
}

TEST(CosinePicture, WhatIsExactSaysNothingOfSamples) {
  CosineHistogram histogram = Empty(4);
  histogram.counts[5] = 3;
  const std::string svg = CosineSvg(histogram, Text());
  EXPECT_FALSE(Has(svg, "sampled"));
}

// Row-major near x far: near across to the right, far upwards.
TEST(CosinePicture, CellsLieWhereTheirCosinesAre) {
  CosineHistogram histogram = Empty(4);
  histogram.counts[0 * 4 + 3] = 1;    // near -1 ... -0.5, far 0.5 ... 1
  histogram.counts[3 * 4 + 0] = 100;  // near 0.5 ... 1, far -1 ... -0.5
  const std::string svg = CosineSvg(histogram, Text());
  const std::vector<Cell> cells = CellsOf(svg);
  ASSERT_EQ(cells.size(), 2u);
  // Weak ones first.
  EXPECT_LT(cells[0].right, cells[1].left);
  EXPECT_LT(cells[0].bottom, cells[1].top);
  EXPECT_NEAR(cells[0].right - cells[0].left, cells[1].right - cells[1].left,
              0.2);
  EXPECT_TRUE(Has(svg, "fill-opacity=\"1.00\" d=\"M"));
  EXPECT_TRUE(Has(svg, "fill-opacity=\"0.12\" d=\"M"));
}

TEST(CosinePicture, TheAxesReachOverWhatThereIs) {
  CosineHistogram histogram = Empty(20);
  histogram.counts[15 * 20 + 12] = 1;  // near 0.5 ... 0.6, far 0.2 ... 0.3
  const std::vector<Cell> cells = CellsOf(CosineSvg(histogram, Text()));
  ASSERT_EQ(cells.size(), 1u);
  // 0.1 of the 0.5 from 0.5 to 1: a fifth of the 558 units across.
  EXPECT_NEAR(cells[0].right - cells[0].left, 558 / 5.0, 0.2);
  // 0.1 of the 0.45 from 0.2 to 0.65 of the 346 units up.
  EXPECT_NEAR(cells[0].bottom - cells[0].top, 346 * 0.1 / 0.45, 0.2);
}

// A large histogram stays a small picture.
TEST(CosinePicture, NeighboursOfOneStrengthAreOneCell) {
  CosineHistogram histogram = Empty(100);
  histogram.counts.assign(100 * 100, 2);
  const std::string svg = CosineSvg(histogram, Text());
  EXPECT_EQ(CellsOf(svg).size(), 100u);
  EXPECT_LT(svg.size(), 12000u);
}

TEST(CosinePicture, OneBinIsDrawn) {
  const CosineHistogram histogram = {{0.9, 1}, {-1, 1}, {7}, -1, 0};
  const std::string svg = CosineSvg(histogram, Text());
  EXPECT_EQ(CellsOf(svg).size(), 1u);
  EXPECT_TRUE(Has(svg, "pairs a cell, from"));
}

TEST(CosinePicture, NothingCountedSaysSo) {
  for (const CosineHistogram& histogram :
       {CosineHistogram(), Empty(1), Empty(20)}) {
    CosinePictureText text = Text();
    text.blind_pairs = 0;
    const std::string svg = CosineSvg(histogram, text);
    EXPECT_TRUE(CellsOf(svg).empty());
    EXPECT_TRUE(Has(svg, "no pair has been counted"));
    EXPECT_TRUE(Has(svg, "0 blind pairs"));
    EXPECT_EQ(Occurrences(svg, ">−1</text>"), 2u);  // both axes are whole
    EXPECT_FALSE(Has(svg, "nan"));
    EXPECT_FALSE(Has(svg, "inf"));
  }
}

TEST(CosinePicture, ThresholdsAtTheEndsAreDrawnInside) {
  CosineHistogram histogram = Empty(4);
  histogram.counts[5] = 3;
  for (const auto& [near_min, far_max] :
       {std::pair{1.0, -1.0}, std::pair{-1.0, 1.0}, std::pair{1.0, 1.0}}) {
    CosinePictureText text = Text();
    text.near_min = near_min;
    text.far_max = far_max;
    const std::string svg = CosineSvg(histogram, text);
    EXPECT_FALSE(Has(svg, "nan"));
    EXPECT_FALSE(Has(svg, "width=\"-"));
    EXPECT_FALSE(Has(svg, "height=\"-"));
  }
}

TEST(CosinePicture, CountsThatDoNotFitAreADefect) {
  CosineHistogram histogram = Empty(4);
  histogram.counts.pop_back();
  EXPECT_THROW(CosineSvg(histogram, Text()), std::logic_error);
}

}  // namespace
}  // namespace eyechart::mining
