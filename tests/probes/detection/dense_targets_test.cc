// Cells by hand; random cases are compared with a transcription of the paper in
// oracle/dense_head.
#include "probes/detection/dense_targets.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>

#include "probes/detection/box_losses.h"

namespace eyechart::detection {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

using Corners = std::vector<std::array<float, 4>>;
using Cells = std::vector<std::int64_t>;

at::Tensor Rows(const Corners& boxes) {
  std::vector<float> flat;
  for (const auto& box : boxes) flat.insert(flat.end(), box.begin(), box.end());
  return at::tensor(flat, at::kFloat).view({-1, 4});
}

// Classes 0, 1, ...
BoxTargets Picture(const Corners& boxes, const Corners& ignored = {}) {
  Cells classes;
  for (std::size_t i = 0; i < boxes.size(); ++i)
    classes.push_back(static_cast<std::int64_t>(i));
  BoxTargets made{Rows(boxes), at::tensor(classes, at::kLong)};
  if (!ignored.empty()) made.ignored = Rows(ignored);
  return made;
}

// Levels of strides 8, 16, 32 of a square picture.
std::vector<CellGrid> Grids(int side) {
  return {{side / 8, side / 8, 8},
          {side / 16, side / 16, 16},
          {side / 32, side / 32, 32}};
}

Cells Values(const at::Tensor& tensor) {
  const auto* data = tensor.const_data_ptr<std::int64_t>();
  return {data, data + tensor.numel()};
}

TEST(CellPoints, AreInTheMiddle) {
  const std::vector<CellGrid> grids = {{2, 3, 7}, {1, 2, 14}};
  EXPECT_EQ(CellCount(grids), 8);
  const at::Tensor points = CellPoints(grids);
  EXPECT_EQ(points[1][0].item<float>(), 10.5f);
  EXPECT_EQ(points[1][1].item<float>(), 3.5f);
  EXPECT_EQ(points[3][1].item<float>(), 10.5f);
  EXPECT_EQ(points[7][0].item<float>(), 21);
  EXPECT_EQ(Values(CellLevels(grids)), (Cells{0, 0, 0, 0, 0, 0, 1, 1}));
}

TEST(AssignCells, AreThoseAroundTheCentre) {
  // Within 12 of (24, 24), not at 12: points 20 and 28.
  const DenseTargets made = AssignCells(Grids(64), {Picture({{8, 8, 40, 40}})});
  EXPECT_EQ(Values(made.cells), (Cells{18, 19, 26, 27}));
  for (int i = 0; i < 4; ++i) {
    // 12 and 20 away, both ways.
    EXPECT_FLOAT_EQ(made.centreness[i].item<float>(), 0.6f);
    EXPECT_EQ(made.corners[i][2].item<float>(), 40);
  }
  EXPECT_EQ(made.classes.size(0), 64 + 16 + 4);
  EXPECT_EQ(made.classes[18].item<std::int64_t>(), 0);
  EXPECT_EQ((made.classes == kNoClass).sum().item<std::int64_t>(), 84 - 4);
}

TEST(AssignCells, AreOfTheLevelThatReachesSoFar) {
  const DenseTargets made =
      AssignCells(Grids(256), {Picture({{0, 0, 200, 200}})});
  // Stride 8: the farthest side is 92 and more away, 64 is what it reaches.
  // Stride 16, within 24 of 100: 88, 104, 120, sides 104 ... 120 away.
  // Stride 32, within 48: 80, 112, 144; 128 and more where 144 is in it.
  Cells wanted;
  for (const std::int64_t y : {5, 6, 7})
    for (const std::int64_t x : {5, 6, 7}) wanted.push_back(1024 + y * 16 + x);
  for (const auto& [y, x] : std::vector<std::array<std::int64_t, 2>>{
           {2, 4}, {3, 4}, {4, 2}, {4, 3}, {4, 4}})
    wanted.push_back(1024 + 256 + y * 8 + x);
  EXPECT_EQ(Values(made.cells), wanted);
}

TEST(AssignCells, GoToTheSmallestAndTheFirst) {
  const DenseTargets made =
      AssignCells(Grids(64), {Picture({{8, 8, 40, 40},
                                       {16, 16, 24, 24},
                                       {8, 8, 40, 40},
                                       {15, 15, 25, 25}})});
  EXPECT_EQ(made.classes[18].item<std::int64_t>(), 1);
  EXPECT_EQ(made.classes[19].item<std::int64_t>(), 0);
  EXPECT_FLOAT_EQ(made.centreness[0].item<float>(), 1);
}

TEST(AssignCells, StayInsideTheBox) {
  // 6 wide: the point 12 alone, though 4 and 20 are within 12 of the centre.
  const DenseTargets made = AssignCells(Grids(64), {Picture({{9, 9, 15, 15}})});
  EXPECT_EQ(Values(made.cells), (Cells{9}));
  // Between the points.
  EXPECT_EQ(AssignCells(Grids(64), {Picture({{13, 13, 19, 19}})}).cells.numel(),
            0);
}

TEST(AssignCells, IgnoredBoxesTakeWhatIsNobodys) {
  const DenseTargets made =
      AssignCells(Grids(64), {Picture({{16, 16, 24, 24}}, {{0, 0, 21, 21}})});
  Cells ignored;
  for (std::int64_t i = 0; i < made.classes.size(0); ++i)
    if (made.classes[i].item<std::int64_t>() == kIgnored) ignored.push_back(i);
  // Points 4, 12, 20 of stride 8, the last of which has a box; 8; 16.
  EXPECT_EQ(ignored, (Cells{0, 1, 2, 8, 9, 10, 16, 17, 64, 80}));
  EXPECT_EQ(Values(made.cells), (Cells{18}));
}

TEST(AssignCells, CountsOnFromPictureToPicture) {
  const BoxTargets none{at::zeros({0, 4}), at::zeros({0}, at::kLong)};
  const DenseTargets made = AssignCells(
      Grids(64),
      {none, Picture({{9, 9, 15, 15}}), none, Picture({{9, 9, 15, 15}})});
  EXPECT_EQ(Values(made.cells), (Cells{84 + 9, 3 * 84 + 9}));
  EXPECT_EQ(made.classes.size(0), 4 * 84);
  EXPECT_EQ(AssignCells(Grids(64), {none}).corners.sizes(),
            (std::vector<std::int64_t>{0, 4}));
}

TEST(AssignCells, OddBoxesHaveNone) {
  const DenseTargets made = AssignCells(
      Grids(64),
      {Picture({{20, 20, 20, 40},
                {30, 30, 10, 10},
                {kNan, 0, 40, 40},
                {0, 0, kNan, 40},
                {-90, -90, -10, -10},
                {70, 0, 90, 40}},
               {{kNan, 0, 1, 1}, {9, 9, 9, 9}, {-kInf, 100, kInf, kInf}})});
  EXPECT_EQ(made.cells.numel(), 0);
  EXPECT_EQ((made.classes == kNoClass).sum().item<std::int64_t>(), 84);
  EXPECT_EQ(
      AssignCells(Grids(64),
                  {Picture({{-kInf, -kInf, kInf, kInf}, {0, 0, kInf, 9}})})
          .cells.numel(),
      0);
}

}  // namespace
}  // namespace eyechart::detection
