// Maps of an encoder that sees well: made pictures for tests of detection
// heads.
#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "core/random.h"
#include "probes/detection/box_losses.h"
#include "probes/detection/detection_head.h"

namespace eyechart::detection {

inline constexpr std::int64_t kMadeClasses = 3;
inline constexpr std::int64_t kMadeWidth = 16;
inline constexpr int kMadeStride = 16;

struct MadePictures {
  at::Tensor map;  // (n, kMadeWidth, side, side)
  std::vector<BoxTargets> targets;
};

/// `n` pictures of `side` cells squared with one to three objects apart from
/// each other, 24 ... 80 pixels wide and high. The cells whose middle lies in
/// one hold its class (a channel each) and the distances to its sides, in
/// strides; every value carries noise, and so do the other channels.
inline MadePictures MakePictures(std::int64_t n,
                                 std::int64_t side,
                                 std::uint64_t seed) {
  Random random(seed);
  MadePictures made;
  made.map = at::zeros({n, kMadeWidth, side, side});
  auto values = made.map.accessor<float, 4>();
  const double pixels = static_cast<double>(side) * kMadeStride;
  for (std::int64_t i = 0; i < n; ++i) {
    for (std::int64_t c = 0; c < kMadeWidth; ++c)
      for (std::int64_t y = 0; y < side; ++y)
        for (std::int64_t x = 0; x < side; ++x)
          values[i][c][y][x] =
              static_cast<float>(0.4 * (random.Uniform() - 0.5));
    std::vector<float> corners;
    std::vector<std::int64_t> classes;
    const std::uint64_t wanted = 1 + random.Below(3);
    for (int tries = 0; classes.size() < wanted && tries < 100; ++tries) {
      const double w = 24 + 56 * random.Uniform();
      const double h = 24 + 56 * random.Uniform();
      const double x1 = (pixels - w) * random.Uniform();
      const double y1 = (pixels - h) * random.Uniform();
      bool apart = true;
      for (std::size_t j = 0; j < classes.size(); ++j)
        apart = apart && (x1 > static_cast<double>(corners[4 * j + 2]) ||
                          y1 > static_cast<double>(corners[4 * j + 3]) ||
                          x1 + w < static_cast<double>(corners[4 * j]) ||
                          y1 + h < static_cast<double>(corners[4 * j + 1]));
      if (!apart) continue;
      const auto label = static_cast<std::int64_t>(random.Below(kMadeClasses));
      classes.push_back(label);
      for (const double corner : {x1, y1, x1 + w, y1 + h})
        corners.push_back(static_cast<float>(corner));
      for (std::int64_t y = 0; y < side; ++y)
        for (std::int64_t x = 0; x < side; ++x) {
          const double u = (static_cast<double>(x) + 0.5) * kMadeStride;
          const double v = (static_cast<double>(y) + 0.5) * kMadeStride;
          const std::array<double, 4> to = {u - x1, v - y1, x1 + w - u,
                                            y1 + h - v};
          if (*std::min_element(to.begin(), to.end()) <= 0) continue;
          values[i][label][y][x] += 2;
          for (std::int64_t k = 0; k < 4; ++k)
            values[i][kMadeClasses + k][y][x] += static_cast<float>(
                to[static_cast<std::size_t>(k)] / kMadeStride);
        }
    }
    made.targets.push_back({at::tensor(corners, at::kFloat).view({-1, 4}),
                            at::tensor(classes, at::kLong)});
  }
  return made;
}

struct MadeScores {
  double recall = 0;     // objects that a box of their class overlaps by half
  double precision = 0;  // boxes that overlap an object of their class by half
};

inline MadeScores ScoreFound(const std::vector<FoundBoxes>& found,
                             const std::vector<BoxTargets>& targets) {
  std::int64_t objects = 0;
  std::int64_t boxes = 0;
  std::int64_t seen = 0;
  std::int64_t right = 0;
  for (std::size_t i = 0; i < targets.size(); ++i) {
    const at::Tensor hits =
        (Iou(targets[i].corners.unsqueeze(1), found[i].corners) >= 0.5)
            .logical_and(targets[i].classes.unsqueeze(1) == found[i].classes);
    objects += hits.size(0);
    boxes += hits.size(1);
    if (hits.numel() == 0) continue;
    seen += hits.any(1).sum().item<std::int64_t>();
    right += hits.any(0).sum().item<std::int64_t>();
  }
  return {static_cast<double>(seen) / static_cast<double>(objects),
          static_cast<double>(right) /
              static_cast<double>(std::max<std::int64_t>(boxes, 1))};
}

}  // namespace eyechart::detection
