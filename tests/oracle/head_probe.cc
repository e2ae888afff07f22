// Grids of heads step by step, for the parity tests. Reads one JSON object from
// standard input:
//   {"form": "linear" | "attentive" | "mixture", "data": FILE, "out": FILE,
//    "outputs", "targets", "steps", "batch", "warmup", "floor", "seed",
//    "points": [...], and what the form needs}
// FILE "data" is safetensors: x (n, ...), y (n) or (n, K), test (m, ...). Step
// i takes rows i B, i B + 1, ... modulo n. "out" gets start.G.NAME and
// end.G.NAME, every head's parameters before and after, loss (steps, G), scores
// (G, m, K), seconds (steps).
#include <ATen/ops/arange.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/tensor.h>

#include <chrono>
#include <cstdio>
#include <exception>
#include <iostream>
#include <iterator>
#include <memory>
#include <string>

#include "core/json.h"
#include "probes/heads/attentive_grid.h"
#include "probes/heads/linear_grid.h"
#include "probes/heads/tensor_file.h"
#include "probes/mixture/mixture_grid.h"

namespace eyechart::probes {
namespace {

TargetKind KindOf(const std::string& name) {
  if (name == "labels") return TargetKind::kLabels;
  return name == "numbers" ? TargetKind::kNumbers : TargetKind::kClasses;
}

std::unique_ptr<HeadGrid> GridOf(const Json& request) {
  const TargetKind kind = KindOf(request.at("targets"));
  const auto outputs = request.at("outputs").get<std::int64_t>();
  const auto seed = request.at("seed").get<std::uint64_t>();
  const Schedule schedule{request.at("steps").get<std::int64_t>(),
                          request.at("warmup").get<std::int64_t>(),
                          request.at("floor").get<double>()};
  if (request.at("form") == "linear") {
    LinearGridOptions options;
    for (const Json& p : request.at("points"))
      options.points.push_back(
          {{p[0].get<std::int64_t>(), p[1].get<std::int64_t>()},
           p[2].get<double>()});
    options.targets = kind;
    options.outputs = outputs;
    options.schedule = schedule;
    options.seed = seed;
    return CreateLinearGrid(options);
  }
  if (request.at("form") == "attentive") {
    AttentiveGridOptions options;
    for (const Json& p : request.at("points"))
      options.points.push_back({p[0].get<double>(), p[1].get<double>()});
    options.targets = kind;
    options.outputs = outputs;
    options.width = request.at("width").get<std::int64_t>();
    options.heads = request.at("heads").get<std::int64_t>();
    options.clip = request.at("clip").get<double>();
    options.schedule = schedule;
    options.seed = seed;
    return CreateAttentiveGrid(options);
  }
  MixtureGridOptions options;
  for (const Json& p : request.at("points"))
    options.points.push_back({p[0].get<bool>(), p[1].get<double>(),
                              p[2].get<bool>(), p[3].get<double>(),
                              p[4].get<double>()});
  options.targets = kind;
  options.outputs = outputs;
  options.first_width = request.at("first_width").get<std::int64_t>();
  options.second_width = request.at("second_width").get<std::int64_t>();
  options.width = request.at("width").get<std::int64_t>();
  options.heads = request.at("heads").get<std::int64_t>();
  options.clip = request.at("clip").get<double>();
  options.schedule = schedule;
  options.seed = seed;
  return CreateMixtureGrid(options);
}

void AddHeads(const HeadGrid& grid,
              const std::string& prefix,
              NamedTensors& out) {
  for (std::int64_t g = 0; g < grid.size(); ++g)
    for (const auto& [name, tensor] : grid.Head(g))
      out.emplace_back(fmt::format("{}.{}.{}", prefix, g, name), tensor);
}

void Run(const Json& request) {
  const std::string source = request.at("data").get<std::string>();
  const NamedTensors data = ReadTensors(source);
  const at::Tensor x = FindTensor(data, "x", source);
  const Targets targets{KindOf(request.at("targets")),
                        FindTensor(data, "y", source),
                        request.at("outputs").get<std::int64_t>()};
  const std::unique_ptr<HeadGrid> grid = GridOf(request);
  NamedTensors out;
  AddHeads(*grid, "start", out);
  const auto batch = request.at("batch").get<std::int64_t>();
  std::vector<at::Tensor> losses;
  std::vector<double> seconds;
  for (std::int64_t step = 0; step < request.at("steps").get<std::int64_t>();
       ++step) {
    const at::Tensor index =
        at::arange(step * batch, (step + 1) * batch, at::kLong)
            .remainder(x.size(0));
    const at::Tensor rows = x.index_select(0, index);
    const auto begin = std::chrono::steady_clock::now();
    losses.push_back(grid->Step(rows, targets.Rows(index), step));
    seconds.push_back(
        std::chrono::duration<double>(std::chrono::steady_clock::now() - begin)
            .count());
  }
  AddHeads(*grid, "end", out);
  out.emplace_back("loss", at::stack(losses));
  out.emplace_back("seconds", at::tensor(seconds, at::kDouble));
  out.emplace_back("scores", grid->Scores(FindTensor(data, "test", source)));
  WriteTensors(request.at("out").get<std::string>(), out);
}

}  // namespace
}  // namespace eyechart::probes

int main() {
  try {
    const std::string text{std::istreambuf_iterator<char>(std::cin), {}};
    eyechart::probes::Run(eyechart::ParseJson(text, "standard input"));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
