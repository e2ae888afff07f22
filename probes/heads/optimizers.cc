#include "probes/heads/optimizers.h"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "probes/heads/device_tensors.h"
#include "probes/heads/tensor_optimizers.h"

namespace eyechart::probes {
namespace {

// Values a thread takes at a time.
constexpr std::int64_t kGrain = 1 << 15;

void RequireFit(const StackedSlope& stack, std::size_t heads) {
  EYECHART_CHECK(stack.values.is_contiguous() && stack.slope.is_contiguous() &&
                     stack.values.sizes() == stack.slope.sizes() &&
                     stack.values.size(0) == static_cast<std::int64_t>(heads),
                 "a slope of {} values for {}", stack.slope.numel(),
                 stack.values.numel());
}

// Calls f(head, begin, end) for pieces of the flat stack that lie in one head.
template <typename F>
void ForPieces(const at::Tensor& values, const F& f) {
  const std::int64_t width = values.numel() / values.size(0);
  at::parallel_for(
      0, values.numel(), kGrain, [&](std::int64_t begin, std::int64_t end) {
        while (begin < end) {
          const std::int64_t head = begin / width;
          const std::int64_t stop = std::min(end, (head + 1) * width);
          f(static_cast<std::size_t>(head), begin, stop);
          begin = stop;
        }
      });
}

}  // namespace

void SgdStep(const StackedSlope& stack,
             at::Tensor& velocity,
             std::span<const double> rates,
             double momentum) {
  RequireFit(stack, rates.size());
  if (!stack.values.is_cpu())
    return SgdStepInTensors(stack, velocity,
                            FloatsOn(rates, stack.values.device()), momentum);
  auto* values = stack.values.mutable_data_ptr<float>();
  auto* speed = velocity.mutable_data_ptr<float>();
  const auto* slope = stack.slope.const_data_ptr<float>();
  const auto mu = static_cast<float>(momentum);
  ForPieces(stack.values,
            [&](std::size_t head, std::int64_t begin, std::int64_t end) {
              const auto rate = static_cast<float>(rates[head]);
              for (std::int64_t i = begin; i < end; ++i) {
                speed[i] = mu * speed[i] + slope[i];
                values[i] -= rate * speed[i];
              }
            });
}

void AdamWStep(const StackedSlope& stack,
               at::Tensor& first,
               at::Tensor& second,
               std::span<const double> rates,
               std::span<const double> decays,
               std::span<const double> scales,
               std::int64_t step,
               const AdamWOptions& options) {
  RequireFit(stack, rates.size());
  EYECHART_CHECK(decays.size() == rates.size() &&
                     (scales.empty() || scales.size() == rates.size()),
                 "{} rates, {} decays, {} scales", rates.size(), decays.size(),
                 scales.size());
  if (!stack.values.is_cpu()) {
    const c10::Device device = stack.values.device();
    return AdamWStepInTensors(
        stack, first, second,
        AdamWFactorsOf(rates, decays, step, options, device),
        scales.empty() ? at::Tensor() : FloatsOn(scales, device), options);
  }
  auto* values = stack.values.mutable_data_ptr<float>();
  auto* m = first.mutable_data_ptr<float>();
  auto* v = second.mutable_data_ptr<float>();
  const auto* slope = stack.slope.const_data_ptr<float>();
  const auto updates = static_cast<double>(step + 1);
  const double correct1 = 1 - std::pow(options.beta1, updates);
  const auto root2 =
      static_cast<float>(std::sqrt(1 - std::pow(options.beta2, updates)));
  const auto beta1 = static_cast<float>(options.beta1);
  const auto beta2 = static_cast<float>(options.beta2);
  const auto rest1 = static_cast<float>(1 - options.beta1);
  const auto rest2 = static_cast<float>(1 - options.beta2);
  const auto epsilon = static_cast<float>(options.epsilon);
  ForPieces(stack.values, [&](std::size_t head, std::int64_t begin,
                              std::int64_t end) {
    const auto kept = static_cast<float>(1 - rates[head] * decays[head]);
    const auto rate = static_cast<float>(rates[head] / correct1);
    const auto scale = static_cast<float>(scales.empty() ? 1 : scales[head]);
    for (std::int64_t i = begin; i < end; ++i) {
      const float g = scale * slope[i];
      m[i] = beta1 * m[i] + rest1 * g;
      v[i] = beta2 * v[i] + rest2 * g * g;
      values[i] =
          kept * values[i] - rate * m[i] / (std::sqrt(v[i]) / root2 + epsilon);
    }
  });
}

std::vector<double> ClipScales(std::span<const StackedSlope> stacks,
                               double most) {
  EYECHART_CHECK(!stacks.empty() && most > 0, "clip to {}", most);
  const at::Tensor squares = SquaredLengths(stacks).cpu();
  std::vector<double> scales;
  for (std::int64_t g = 0; g < squares.size(0); ++g)
    scales.push_back(
        std::min(1.0, most / (std::sqrt(squares[g].item<double>()) + 1e-6)));
  return scales;
}

}  // namespace eyechart::probes
