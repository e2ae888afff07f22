#include "probes/detection/denoising.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>

#include <algorithm>

#include "core/error.h"
#include "core/random.h"

namespace eyechart::detection {
namespace {

// Apart from the streams of start values, which count from 0 up.
constexpr std::uint64_t kDenoisingSeed = 0x6465'6e6f'6973'65ULL;

std::int64_t MostObjects(const std::vector<SetTargets>& targets) {
  std::int64_t most = 0;
  for (const SetTargets& picture : targets)
    most = std::max(most, picture.classes.size(0));
  return most;
}

std::int64_t Groups(std::int64_t most, const DenoisingOptions& options) {
  return std::max<std::int64_t>(options.queries / most, 1);
}

// (N + Q, N + Q): groups of `size` noisy queries, then `queries` others.
at::Tensor Visible(std::int64_t groups,
                   std::int64_t size,
                   std::int64_t queries) {
  // The group of each query; all others are of one more group.
  const at::Tensor group = at::arange(groups * size + queries, at::kLong)
                               .floor_divide(size)
                               .clamp_max(groups);
  const at::Tensor asks = group.unsqueeze(1);
  const at::Tensor seen = group.unsqueeze(0);
  return (asks == seen) | ((asks < groups) & (seen == groups));
}

// `boxes` (B, N, 4) with edges moved by `draws`; `bad` (N) bool by one half
// side more.
at::Tensor Moved(const at::Tensor& boxes,
                 const at::Tensor& bad,
                 const DenoisingDraws& draws,
                 double noise) {
  const at::Tensor half = boxes.narrow(2, 2, 2) * 0.5;
  const at::Tensor reach = at::cat({half, half}, 2) * noise;
  const at::Tensor part =
      (draws.moves + bad.to(at::kFloat).view({1, -1, 1})) * draws.signs;
  const at::Tensor corners = (CornersOf(boxes) + part * reach).clamp_(0, 1);
  const at::Tensor low = corners.narrow(2, 0, 2);
  const at::Tensor high = corners.narrow(2, 2, 2);
  return at::cat({(low + high) * 0.5, high - low}, 2);
}

SetMatches MatchesOf(const std::vector<SetTargets>& targets,
                     std::int64_t groups,
                     std::int64_t most) {
  const std::int64_t queries = 2 * groups * most;
  std::vector<at::Tensor> rows;
  std::vector<at::Tensor> boxes;
  std::vector<at::Tensor> classes;
  for (std::size_t i = 0; i < targets.size(); ++i) {
    const std::int64_t n = targets[i].classes.size(0);
    for (std::int64_t group = 0; group < groups; ++group) {
      const std::int64_t first =
          static_cast<std::int64_t>(i) * queries + 2 * group * most;
      rows.push_back(at::arange(first, first + n, at::kLong));
      boxes.push_back(targets[i].boxes);
      classes.push_back(targets[i].classes);
    }
  }
  return {at::cat(rows), at::cat(boxes), at::cat(classes)};
}

}  // namespace

std::int64_t NoisyQueryCount(std::int64_t most,
                             const DenoisingOptions& options) {
  if (most == 0 || options.queries == 0) return 0;
  return 2 * Groups(most, options) * most;
}

DenoisingDraws DrawDenoising(std::int64_t pictures,
                             std::int64_t queries,
                             std::int64_t classes,
                             std::uint64_t seed,
                             std::uint64_t draw) {
  Random random(seed ^ kDenoisingSeed, draw);
  DenoisingDraws draws;
  draws.flips = at::empty({pictures, queries}, at::kFloat);
  draws.classes = at::empty({pictures, queries}, at::kLong);
  draws.signs = at::empty({pictures, queries, 4}, at::kFloat);
  draws.moves = at::empty({pictures, queries, 4}, at::kFloat);
  auto* flips = draws.flips.mutable_data_ptr<float>();
  auto* named = draws.classes.mutable_data_ptr<std::int64_t>();
  auto* signs = draws.signs.mutable_data_ptr<float>();
  auto* moves = draws.moves.mutable_data_ptr<float>();
  for (std::int64_t i = 0; i < pictures * queries; ++i) {
    *flips++ = static_cast<float>(random.Uniform());
    *named++ = static_cast<std::int64_t>(
        random.Below(static_cast<std::uint64_t>(classes)));
    for (int edge = 0; edge < 4; ++edge) {
      *signs++ = random.Below(2) == 0 ? -1.0f : 1.0f;
      *moves++ = static_cast<float>(random.Uniform());
    }
  }
  return draws;
}

NoisyQueries MakeNoisyQueries(const std::vector<SetTargets>& targets,
                              std::int64_t classes,
                              std::int64_t queries,
                              const DenoisingDraws& draws,
                              const DenoisingOptions& options) {
  const std::int64_t most = MostObjects(targets);
  EYECHART_CHECK(most > 0, "no objects in {} pictures", targets.size());
  const auto b = static_cast<std::int64_t>(targets.size());
  NoisyQueries made;
  made.groups = Groups(most, options);
  const std::int64_t n = NoisyQueryCount(most, options);
  EYECHART_CHECK(draws.flips.size(0) == b && draws.flips.size(1) == n,
                 "draws of {} by {} for {} by {}", draws.flips.size(0),
                 draws.flips.size(1), b, n);
  // Objects of each picture, and room where it has fewer than another.
  const at::Tensor named = at::full({b, most}, classes, at::kLong);
  const at::Tensor boxes = at::zeros({b, most, 4}, at::kFloat);
  for (std::int64_t i = 0; i < b; ++i) {
    const SetTargets& picture = targets[static_cast<std::size_t>(i)];
    const std::int64_t count = picture.classes.size(0);
    named[i].narrow(0, 0, count).copy_(picture.classes);
    boxes[i].narrow(0, 0, count).copy_(picture.boxes);
  }
  const at::Tensor known = named.repeat({1, 2 * made.groups});
  const at::Tensor drawn =
      (draws.flips < options.label_noise * 0.5) & (known != classes);
  made.classes = at::where(drawn, draws.classes, known);
  const at::Tensor bad =
      at::arange(n, at::kLong).floor_divide(most).remainder(2) == 1;
  made.boxes = Moved(boxes.repeat({1, 2 * made.groups, 1}), bad, draws,
                     options.box_noise);
  made.visible = Visible(made.groups, 2 * most, queries);
  made.matches = MatchesOf(targets, made.groups, most);
  return made;
}

}  // namespace eyechart::detection
