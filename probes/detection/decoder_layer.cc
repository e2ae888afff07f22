#include "probes/detection/decoder_layer.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <ATen/ops/softmax.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <optional>

#include "core/error.h"

namespace eyechart::detection {
namespace {

// Offsets (H, L, P, 2): head h looks in direction h of H around the centre, on
// squares of radius 1, 2, ... P.
void SetRings(const at::Tensor& bias, const DecoderOptions& options) {
  const at::Tensor rings = at::empty(bias.sizes(), at::kFloat);
  auto* out = rings.mutable_data_ptr<float>();
  for (std::int64_t h = 0; h < options.heads; ++h) {
    const double angle = 2 * std::numbers::pi * static_cast<double>(h) /
                         static_cast<double>(options.heads);
    const double x = std::cos(angle);
    const double y = std::sin(angle);
    const double reach = std::max(std::abs(x), std::abs(y));
    for (std::int64_t l = 0; l < options.levels; ++l) {
      for (std::int64_t p = 0; p < options.points; ++p) {
        const auto radius = static_cast<double>(p + 1);
        *out++ = static_cast<float>(radius * x / reach);
        *out++ = static_cast<float>(radius * y / reach);
      }
    }
  }
  const at::NoGradGuard frozen;
  bias.copy_(rings);
}

}  // namespace

DecoderLayer::DecoderLayer(const DecoderOptions& options,
                           const std::string& prefix,
                           ParameterMaker& maker)
    : options_(options) {
  const std::int64_t d = options.width;
  EYECHART_REQUIRE(
      options.heads > 0 && d % options.heads == 0,
      "detection: head width {} is no multiple of the {} attention "
      "heads",
      d, options.heads);
  EYECHART_CHECK(options.points > 0 && options.levels > 0 && options.hidden > 0,
                 "{} points, {} levels, {} hidden", options.points,
                 options.levels, options.hidden);
  const std::int64_t samples = options.heads * options.levels * options.points;
  const auto linear = [&](const std::string& name) {
    return MakeLinear(maker, prefix + "." + name, d, d);
  };
  self_query_ = linear("self.query");
  self_key_ = linear("self.key");
  self_value_ = linear("self.value");
  self_output_ = linear("self.output");
  self_norm_ = MakeNorm(maker, prefix + ".self.norm", d);
  offsets_ = MakeZeroLinear(maker, prefix + ".cross.offsets", d, 2 * samples);
  SetRings(offsets_.bias, options);
  weights_ = MakeZeroLinear(maker, prefix + ".cross.weights", d, samples);
  value_ = linear("cross.value");
  output_ = linear("cross.output");
  cross_norm_ = MakeNorm(maker, prefix + ".cross.norm", d);
  feed_ = MakeMlp(maker, prefix + ".feed", {d, options.hidden, d});
  feed_norm_ = MakeNorm(maker, prefix + ".feed.norm", d);
}

at::Tensor DecoderLayer::Forward(const at::Tensor& queries,
                                 const at::Tensor& places,
                                 const at::Tensor& boxes,
                                 const at::Tensor& values,
                                 const std::vector<LevelSize>& levels,
                                 const at::Tensor& visible) const {
  at::Tensor x = self_norm_(queries + AttendSelf(queries, places, visible));
  x = cross_norm_(x + AttendCells(x + places, boxes, values, levels));
  return feed_norm_(x + feed_(x));
}

at::Tensor DecoderLayer::AttendSelf(const at::Tensor& queries,
                                    const at::Tensor& places,
                                    const at::Tensor& visible) const {
  const std::int64_t part = options_.width / options_.heads;
  const auto split = [&](const at::Tensor& rows) {  // (B, H, Q, D / H)
    return rows.view({rows.size(0), rows.size(1), options_.heads, part})
        .transpose(1, 2);
  };
  const at::Tensor placed = queries + places;
  const at::Tensor attended = at::scaled_dot_product_attention(
      split(self_query_(placed)), split(self_key_(placed)),
      split(self_value_(queries)),
      visible.defined() ? std::optional(visible) : std::nullopt);
  return self_output_(attended.transpose(1, 2).reshape(queries.sizes()));
}

at::Tensor DecoderLayer::AttendCells(
    const at::Tensor& asked,
    const at::Tensor& boxes,
    const at::Tensor& values,
    const std::vector<LevelSize>& levels) const {
  const std::int64_t b = asked.size(0);
  const std::int64_t q = asked.size(1);
  const std::int64_t h = options_.heads;
  const std::int64_t l = options_.levels;
  const std::int64_t p = options_.points;
  const at::Tensor weights =
      at::softmax(weights_(asked).view({b, q, h, l * p}), -1)
          .view({b, q, h, l, p});
  // An offset of P, the start's farthest, reaches the box's edge.
  const at::Tensor sized =
      boxes.narrow(2, 2, 2) * (0.5 / static_cast<double>(p));
  const at::Tensor locations =
      boxes.narrow(2, 0, 2).view({b, q, 1, 1, 1, 2}) +
      offsets_(asked).view({b, q, h, l, p, 2}) * sized.view({b, q, 1, 1, 1, 2});
  const at::Tensor parted =
      values.view({b, values.size(1), h, options_.width / h});
  return output_(SampleDeformably(parted, levels, locations, weights));
}

}  // namespace eyechart::detection
