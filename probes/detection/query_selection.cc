#include "probes/detection/query_selection.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/sigmoid.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <tuple>

#include "core/error.h"
#include "probes/detection/device_copy.h"

namespace eyechart::detection {
namespace {

constexpr float kFinestSize = 0.05f;
constexpr float kEdge = 0.01f;
constexpr float kFarEdge = 0.99f;

}  // namespace

Anchors MakeAnchors(const std::vector<LevelSize>& levels) {
  std::int64_t cells = 0;
  for (const LevelSize& level : levels) cells += level.height * level.width;
  Anchors made{at::empty({cells, 4}, at::kFloat), at::empty({cells}, at::kBool),
               0};
  auto* logit = made.logits.mutable_data_ptr<float>();
  auto* usable = made.usable.mutable_data_ptr<bool>();
  float size = kFinestSize;
  for (const LevelSize& level : levels) {
    const auto width = static_cast<float>(level.width);
    const auto height = static_cast<float>(level.height);
    for (std::int64_t y = 0; y < level.height; ++y) {
      for (std::int64_t x = 0; x < level.width; ++x) {
        const std::array<float, 4> box = {
            (static_cast<float>(x) + 0.5f) / width,
            (static_cast<float>(y) + 0.5f) / height, size, size};
        bool inside = true;
        for (const float value : box) {
          inside = inside && value > kEdge && value < kFarEdge;
          *logit++ = std::log(value / (1 - value));
        }
        *usable++ = inside;
        made.count += inside ? 1 : 0;
      }
    }
    size *= 2;
  }
  return made;
}

QuerySelection::QuerySelection(std::int64_t width,
                               std::int64_t classes,
                               double prior_logit,
                               ParameterMaker& maker)
    : linear_(MakeLinear(maker, "select.linear", width, width)),
      norm_(MakeNorm(maker, "select.norm", width)),
      class_(MakeLinear(maker, "select.class", width, classes, prior_logit)),
      box_(MakeMlp(maker, "select.box", {width, width, width, 4}, true)) {}

SelectedQueries QuerySelection::Forward(const at::Tensor& cells,
                                        const std::vector<LevelSize>& levels,
                                        std::int64_t queries) const {
  const std::int64_t b = cells.size(0);
  const std::int64_t s = cells.size(1);
  const std::int64_t d = cells.size(2);
  const Anchors anchors = MakeAnchors(levels);
  const std::int64_t q = std::min(queries, anchors.count);
  EYECHART_REQUIRE(q > 0, "detection: maps of {} cells have none for a query",
                   s);
  at::Tensor chosen;  // (B, Q) int64, cells of each picture
  {
    const at::NoGradGuard frozen;
    const at::Tensor scores =
        std::get<0>(class_(norm_(linear_(cells.detach()))).max(-1))
            .masked_fill_(
                OnDevice(anchors.usable.logical_not(), cells.device()),
                -std::numeric_limits<float>::infinity());
    // Stable: of equal cells, as in an empty picture, the first.
    chosen = std::get<1>(scores.sort(/*stable=*/true, 1, /*descending=*/true))
                 .narrow(1, 0, q);
  }
  const at::Tensor first = at::arange(b, chosen.options()).unsqueeze(1) * s;
  const at::Tensor rows =
      cells.reshape({b * s, d}).index_select(0, (chosen + first).reshape({-1}));
  const at::Tensor content = norm_(linear_(rows)).view({b, q, d});
  const at::Tensor start = OnDevice(anchors.logits, cells.device())
                               .index_select(0, chosen.reshape({-1}))
                               .view({b, q, 4});
  SelectedQueries selected;
  selected.prediction = {class_(content), at::sigmoid(box_(content) + start)};
  selected.content = content.detach();
  selected.boxes = selected.prediction.boxes.detach();
  return selected;
}

}  // namespace eyechart::detection
