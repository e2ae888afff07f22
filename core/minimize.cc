#include "core/minimize.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

namespace eyechart {
namespace {

using Function = std::function<double(std::span<const double>)>;

struct Vertex {
  std::vector<double> x;
  double value = 0;
};

// The point at `from` + t (`to` - `from`).
Vertex Along(const Function& f,
             const std::vector<double>& from,
             const std::vector<double>& to,
             double t) {
  Vertex vertex{from, 0};
  for (std::size_t i = 0; i < from.size(); ++i)
    vertex.x[i] += t * (to[i] - from[i]);
  vertex.value = f(vertex.x);
  return vertex;
}

std::vector<double> CentreOfBest(const std::vector<Vertex>& simplex) {
  const std::size_t n = simplex.size() - 1;
  std::vector<double> centre(n, 0.0);
  for (std::size_t v = 0; v < n; ++v)
    for (std::size_t i = 0; i < n; ++i)
      centre[i] += simplex[v].x[i] / static_cast<double>(n);
  return centre;
}

Vertex Descend(const Function& f,
               std::span<const double> start,
               const MinimizeOptions& options) {
  const std::size_t n = start.size();
  std::vector<Vertex> simplex;
  for (std::size_t v = 0; v <= n; ++v) {
    Vertex vertex{{start.begin(), start.end()}, 0};
    if (v > 0) vertex.x[v - 1] += options.step;
    vertex.value = f(vertex.x);
    simplex.push_back(std::move(vertex));
  }
  int evaluations = static_cast<int>(n) + 1;
  const auto by_value = [](const Vertex& a, const Vertex& b) {
    return a.value < b.value;
  };
  while (true) {
    std::sort(simplex.begin(), simplex.end(), by_value);
    const double spread = simplex[n].value - simplex[0].value;
    if (spread <= options.tolerance || evaluations >= options.max_evaluations)
      return simplex[0];
    const std::vector<double> centre = CentreOfBest(simplex);
    Vertex& worst = simplex[n];
    Vertex reflected = Along(f, centre, worst.x, -1);
    ++evaluations;
    if (reflected.value < simplex[0].value) {
      Vertex expanded = Along(f, centre, worst.x, -2);
      ++evaluations;
      worst = expanded.value < reflected.value ? std::move(expanded)
                                               : std::move(reflected);
      continue;
    }
    if (reflected.value < simplex[n - 1].value) {
      worst = std::move(reflected);
      continue;
    }
    if (reflected.value < worst.value) worst = std::move(reflected);
    Vertex contracted = Along(f, centre, worst.x, 0.5);
    ++evaluations;
    if (contracted.value < worst.value) {
      worst = std::move(contracted);
      continue;
    }
    for (std::size_t v = 1; v <= n; ++v)
      simplex[v] = Along(f, simplex[0].x, simplex[v].x, 0.5);
    evaluations += static_cast<int>(n);
  }
}

}  // namespace

Minimum Minimize(const Function& f,
                 std::span<const double> start,
                 const MinimizeOptions& options) {
  Vertex best = Descend(f, start, options);
  best = Descend(f, best.x, options);
  return {std::move(best.x), best.value};
}

}  // namespace eyechart
