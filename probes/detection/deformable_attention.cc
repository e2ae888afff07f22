#include "probes/detection/deformable_attention.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/grid_sampler.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>
#include <torch/csrc/autograd/custom_function.h>

#include "core/error.h"

namespace eyechart::detection {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

DeformableSizes SizesOf(const at::Tensor& values,
                        const std::vector<LevelSize>& levels,
                        const at::Tensor& weights) {
  DeformableSizes sizes;
  sizes.pictures = values.size(0);
  sizes.queries = weights.size(1);
  sizes.heads = values.size(2);
  sizes.width = values.size(3);
  sizes.points = weights.size(4);
  sizes.levels = levels;
  sizes.tokens = values.size(1);
  sizes.token_stride = values.stride(1);
  sizes.picture_stride = values.stride(0);
  return sizes;
}

std::vector<LevelSize> LevelsOf(const std::vector<std::int64_t>& flat) {
  std::vector<LevelSize> levels;
  for (std::size_t i = 0; i < flat.size(); i += 2)
    levels.push_back({flat[i], flat[i + 1]});
  return levels;
}

class Sampling : public torch::autograd::Function<Sampling> {
 public:
  // `flat`: height and width of each level in turn.
  static at::Tensor forward(AutogradContext* context,
                            const at::Tensor& values,
                            const at::Tensor& locations,
                            const at::Tensor& weights,
                            const std::vector<std::int64_t>& flat) {
    context->save_for_backward({values, locations, weights});
    context->saved_data["levels"] = flat;
    const DeformableSizes sizes = SizesOf(values, LevelsOf(flat), weights);
    at::Tensor out =
        at::empty({sizes.pictures, sizes.queries, sizes.heads * sizes.width},
                  values.options());
    SampleValues(sizes, values.const_data_ptr<float>(),
                 locations.const_data_ptr<float>(),
                 weights.const_data_ptr<float>(),
                 out.mutable_data_ptr<float>());
    return out;
  }

  static variable_list backward(AutogradContext* context,
                                const variable_list& slopes) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor& values = saved[0];
    const at::Tensor& locations = saved[1];
    const at::Tensor& weights = saved[2];
    const DeformableSizes sizes = SizesOf(
        values, LevelsOf(context->saved_data["levels"].toIntVector()), weights);
    const at::Tensor slope = slopes[0].contiguous();
    at::Tensor values_slope = at::zeros(values.sizes(), values.options());
    at::Tensor locations_slope =
        at::empty(locations.sizes(), locations.options());
    at::Tensor weights_slope = at::empty(weights.sizes(), weights.options());
    SampleSlopes(sizes, values.const_data_ptr<float>(),
                 locations.const_data_ptr<float>(),
                 weights.const_data_ptr<float>(), slope.const_data_ptr<float>(),
                 values_slope.mutable_data_ptr<float>(),
                 locations_slope.mutable_data_ptr<float>(),
                 weights_slope.mutable_data_ptr<float>());
    return {values_slope, locations_slope, weights_slope, at::Tensor()};
  }
};

at::Tensor SampleByGrid(const at::Tensor& values,
                        const std::vector<LevelSize>& levels,
                        const at::Tensor& locations,
                        const at::Tensor& weights) {
  const std::int64_t b = values.size(0);
  const std::int64_t h = values.size(2);
  const std::int64_t d = values.size(3);
  const std::int64_t q = weights.size(1);
  const at::Tensor grid = 2 * locations - 1;
  std::vector<at::Tensor> sampled;  // (B H, D, Q, P) each
  std::int64_t begin = 0;
  for (std::size_t l = 0; l < levels.size(); ++l) {
    const auto& [height, width] = levels[l];
    const at::Tensor map = values.narrow(1, begin, height * width)
                               .permute({0, 2, 3, 1})
                               .reshape({b * h, d, height, width});
    const at::Tensor places = grid.select(3, static_cast<std::int64_t>(l))
                                  .transpose(1, 2)
                                  .flatten(0, 1);
    sampled.push_back(at::grid_sampler(map, places, /*interpolation_mode=*/0,
                                       /*padding_mode=*/0,
                                       /*align_corners=*/false));
    begin += height * width;
  }
  const at::Tensor shares = weights.transpose(1, 2).reshape({b * h, 1, q, -1});
  return (at::stack(sampled, 3).flatten(3) * shares)
      .sum(-1)
      .view({b, h * d, q})
      .transpose(1, 2);
}

}  // namespace

at::Tensor SampleDeformably(const at::Tensor& values,
                            const std::vector<LevelSize>& levels,
                            const at::Tensor& locations,
                            const at::Tensor& weights) {
  const auto l = static_cast<std::int64_t>(levels.size());
  std::int64_t cells = 0;
  for (const LevelSize& level : levels) cells += level.height * level.width;
  EYECHART_CHECK(values.dim() == 4 && values.size(1) == cells &&
                     weights.dim() == 5 && weights.size(3) == l &&
                     weights.size(0) == values.size(0) &&
                     weights.size(2) == values.size(2) &&
                     locations.dim() == 6 && locations.size(5) == 2 &&
                     locations.sizes().slice(0, 5) == weights.sizes(),
                 "{} values for {} cells, {} levels", values.size(1), cells, l);
  if (!values.is_cpu() || values.scalar_type() != at::kFloat)
    return SampleByGrid(values, levels, locations, weights);
  std::vector<std::int64_t> flat;
  for (const LevelSize& level : levels) {
    flat.push_back(level.height);
    flat.push_back(level.width);
  }
  // Of one projection for several layers a part is taken as it lies.
  const bool dense_rows =
      values.stride(3) == 1 && values.stride(2) == values.size(3);
  return Sampling::apply(dense_rows ? values : values.contiguous(),
                         locations.contiguous(), weights.contiguous(), flat);
}

}  // namespace eyechart::detection
