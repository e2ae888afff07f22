#include "probes/heads/number_scores.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/random.h"

namespace eyechart::probes {
namespace {

struct Item {
  double target;
  double error;
};

// Mean and median absolute error, root mean square error, R^2.
using Figures = std::array<double, 4>;

double MedianOf(std::vector<double>& values) {
  const auto middle =
      values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  if (values.size() % 2 == 1) return *middle;
  return (*std::max_element(values.begin(), middle) + *middle) / 2;
}

// `absolute` is room to work in.
Figures FiguresOf(const std::vector<Item>& items,
                  std::vector<double>& absolute) {
  const auto n = static_cast<double>(items.size());
  double mean = 0, sum = 0, squares = 0;
  absolute.clear();
  for (const Item& item : items) {
    mean += item.target / n;
    sum += std::abs(item.error);
    squares += item.error * item.error;
    absolute.push_back(std::abs(item.error));
  }
  double spread = 0;
  // Rounding of the mean must not make a spread of equal targets.
  bool equal = true;
  for (const Item& item : items) {
    spread += (item.target - mean) * (item.target - mean);
    equal &= item.target == items.front().target;
  }
  return {
      sum / n, MedianOf(absolute), std::sqrt(squares / n),
      equal ? std::numeric_limits<double>::quiet_NaN() : 1 - squares / spread};
}

}  // namespace

NumberScores ScoreNumbers(const at::Tensor& predictions,
                          const at::Tensor& targets,
                          const BootstrapOptions& options) {
  EYECHART_CHECK(
      predictions.dim() == 1 && targets.dim() == 1 &&
          predictions.size(0) == targets.size(0) && targets.size(0) > 0,
      "{} predictions with {} targets", predictions.numel(), targets.numel());
  EYECHART_CHECK(options.resamples > 0, "{} resamples", options.resamples);
  const at::Tensor said = predictions.to(at::kCPU, at::kDouble).contiguous();
  const at::Tensor is = targets.to(at::kCPU, at::kDouble).contiguous();
  std::vector<Item> items;
  for (std::int64_t i = 0; i < is.size(0); ++i) {
    const double prediction = said.const_data_ptr<double>()[i];
    const double target = is.const_data_ptr<double>()[i];
    EYECHART_CHECK(std::isfinite(prediction) && std::isfinite(target),
                   "item {}: {} predicted, {} wanted", i, prediction, target);
    items.push_back({target, prediction - target});
  }
  std::vector<double> room;
  const Figures whole = FiguresOf(items, room);
  std::array<std::vector<double>, 4> draws;
  std::vector<Item> drawn(items.size());
  for (int draw = 0; draw < options.resamples; ++draw) {
    Random random(options.seed, static_cast<std::uint64_t>(draw));
    for (Item& item : drawn) item = items[random.Below(items.size())];
    const Figures figures = FiguresOf(drawn, room);
    for (std::size_t f = 0; f < figures.size(); ++f)
      draws[f].push_back(figures[f]);
  }
  NumberScores made;
  made.items = std::ssize(items);
  Estimate* const estimates[] = {&made.mean_absolute_error,
                                 &made.median_absolute_error,
                                 &made.root_mean_square_error, &made.r2};
  for (std::size_t f = 0; f < whole.size(); ++f)
    *estimates[f] = {whole[f],
                     PercentileInterval(std::move(draws[f]), options.level,
                                        "bootstrap over items")};
  return made;
}

}  // namespace eyechart::probes
