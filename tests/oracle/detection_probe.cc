// Detection heads step by step, for the parity tests. Reads one JSON object
// from standard input; "data" and "out" are safetensors files.
//   {"do": "losses"}: logits (n, K), classes (n), boxes, others (m, 4) ->
//     focal, giou, iou, l1
//   {"do": "cells", "grids": [[h, w, stride]...], "radius", "reach",
//     "pictures": B}: corners.I, classes.I, perhaps ignored.I -> classes,
//     cells, corners, centreness
//   {"do": "train", "kind", "maps": [[width, stride]...], "width", "classes",
//     "layers", "seed", "steps", "batch", "pictures": n, "rate", "decay",
//     "clip", "warmup", "floor", "average", "min_score", "most"}: map.I (n, C,
//     h, w), corners.I, ..., test.I (m, C, h, w). Step i takes pictures i B,
//     i B + 1, ... modulo n. -> start.NAME, end.NAME, average.NAME, loss.TERM
//     (steps), norm (steps), seconds (steps); level.I of the untrained pyramid
//     on the test maps, and found.J.corners, .scores, .classes by the trained
//     head.
#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/tensor.h>

#include <chrono>
#include <cstdio>
#include <exception>
#include <iostream>
#include <iterator>
#include <map>
#include <memory>
#include <string>

#include "core/json.h"
#include "probes/detection/box_losses.h"
#include "probes/detection/dense_targets.h"
#include "probes/detection/detection_heads.h"
#include "probes/detection/ema.h"
#include "probes/detection/head_optimizer.h"
#include "probes/heads/tensor_file.h"

namespace eyechart::detection {
namespace {

class Case {
 public:
  explicit Case(const Json& request)
      : request_(request),
        source_(request.at("data").get<std::string>()),
        data_(probes::ReadTensors(source_)) {}

  template <typename T>
  T Get(const std::string& key) const {
    return request_.at(key).get<T>();
  }
  const Json& At(const std::string& key) const { return request_.at(key); }
  const at::Tensor& Tensor(const std::string& name) const {
    return probes::FindTensor(data_, name, source_);
  }

  BoxTargets Picture(std::int64_t i) const {
    BoxTargets made{Tensor(fmt::format("corners.{}", i)),
                    Tensor(fmt::format("classes.{}", i))};
    for (const auto& [name, tensor] : data_)
      if (name == fmt::format("ignored.{}", i)) made.ignored = tensor;
    return made;
  }

  // `name`.0, .1, ...: one a map of the encoder.
  std::vector<at::Tensor> Maps(const std::string& name) const {
    std::vector<at::Tensor> maps;
    for (std::size_t i = 0; i < At("maps").size(); ++i)
      maps.push_back(Tensor(fmt::format("{}.{}", name, i)));
    return maps;
  }

 private:
  Json request_;
  std::string source_;
  NamedTensors data_;
};

NamedTensors Losses(const Case& given) {
  const at::Tensor boxes = given.Tensor("boxes");
  const at::Tensor others = given.Tensor("others");
  return {
      {"focal", FocalSum(given.Tensor("logits"), given.Tensor("classes"))},
      {"giou", GeneralizedIou(boxes.unsqueeze(1), others).contiguous()},
      {"iou", Iou(boxes.unsqueeze(1), others).contiguous()},
      {"l1", L1Sum(boxes, others)},
  };
}

NamedTensors Cells(const Case& given) {
  std::vector<CellGrid> grids;
  for (const Json& grid : given.At("grids"))
    grids.push_back({grid[0].get<std::int64_t>(), grid[1].get<std::int64_t>(),
                     grid[2].get<int>()});
  std::vector<BoxTargets> pictures;
  for (std::int64_t i = 0; i < given.Get<std::int64_t>("pictures"); ++i)
    pictures.push_back(given.Picture(i));
  const DenseTargets made =
      AssignCells(grids, pictures,
                  {given.Get<double>("radius"), given.Get<double>("reach")});
  return {{"classes", made.classes},
          {"cells", made.cells},
          {"corners", made.corners},
          {"centreness", made.centreness}};
}

void AddCopies(const NamedTensors& tensors,
               const std::string& prefix,
               NamedTensors& out) {
  for (const auto& [name, tensor] : tensors)
    out.emplace_back(prefix + name, tensor.detach().clone());
}

NamedTensors Train(const Case& given) {
  HeadOptions options;
  for (const Json& map : given.At("maps"))
    options.pyramid.maps.push_back(
        {map[0].get<std::int64_t>(), map[1].get<int>()});
  options.pyramid.width = given.Get<std::int64_t>("width");
  options.pyramid.seed = given.Get<std::uint64_t>("seed");
  options.classes = given.Get<std::int64_t>("classes");
  options.layers = given.Get<std::int64_t>("layers");
  const auto head = CreateHead(given.Get<std::string>("kind"), options);
  NamedTensors out;
  AddCopies(head->Parameters(), "start.", out);
  const std::vector<at::Tensor> test = given.Maps("test");
  {
    const at::NoGradGuard frozen;
    const auto levels = FeaturePyramid(options.pyramid).Forward(test);
    for (std::size_t i = 0; i < levels.size(); ++i)
      out.emplace_back(fmt::format("level.{}", i), levels[i].contiguous());
  }
  const auto steps = given.Get<std::int64_t>("steps");
  HeadOptimizerOptions optimizing;
  optimizing.rate = given.Get<double>("rate");
  optimizing.decay = given.Get<double>("decay");
  optimizing.clip = given.Get<double>("clip");
  optimizing.schedule = {steps, given.Get<std::int64_t>("warmup"),
                         given.Get<double>("floor")};
  HeadOptimizer optimizer(optimizing);
  optimizer.Add(head->Parameters());
  MovingAverage average(head->Parameters(), {given.Get<double>("average")});
  const std::vector<at::Tensor> maps = given.Maps("map");
  const auto batch = given.Get<std::int64_t>("batch");
  const auto pictures = given.Get<std::int64_t>("pictures");
  std::map<std::string, std::vector<double>> losses;
  std::vector<double> norms;
  std::vector<double> seconds;
  for (std::int64_t step = 0; step < steps; ++step) {
    const at::Tensor index =
        at::arange(step * batch, (step + 1) * batch, at::kLong)
            .remainder(pictures);
    std::vector<at::Tensor> rows;
    for (const at::Tensor& map : maps)
      rows.push_back(map.index_select(0, index));
    std::vector<BoxTargets> targets;
    for (std::int64_t i = 0; i < batch; ++i)
      targets.push_back(given.Picture(index[i].item<std::int64_t>()));
    const auto begin = std::chrono::steady_clock::now();
    at::Tensor sum;
    for (const LossTerm& term : head->Losses(rows, targets, 0)) {
      losses["loss." + term.name].push_back(term.value.item<double>());
      sum = sum.defined() ? sum + term.value : term.value;
    }
    sum.backward();
    norms.push_back(optimizer.Step(step));
    average.Update();
    seconds.push_back(
        std::chrono::duration<double>(std::chrono::steady_clock::now() - begin)
            .count());
  }
  AddCopies(head->Parameters(), "end.", out);
  AddCopies(average.State(), "average.", out);
  for (const auto& [name, values] : losses)
    out.emplace_back(name, at::tensor(values, at::kDouble));
  out.emplace_back("norm", at::tensor(norms, at::kDouble));
  out.emplace_back("seconds", at::tensor(seconds, at::kDouble));
  const auto found = head->Detect(
      test, {given.Get<double>("min_score"), given.Get<std::int64_t>("most")});
  for (std::size_t i = 0; i < found.size(); ++i) {
    const std::string name = fmt::format("found.{}.", i);
    out.emplace_back(name + "corners", found[i].corners.contiguous());
    out.emplace_back(name + "scores", found[i].scores.contiguous());
    out.emplace_back(name + "classes", found[i].classes.contiguous());
  }
  return out;
}

void Run(const Json& request) {
  const Case given(request);
  const auto task = given.Get<std::string>("do");
  probes::WriteTensors(given.Get<std::string>("out"),
                       task == "losses"  ? Losses(given)
                       : task == "cells" ? Cells(given)
                                         : Train(given));
}

}  // namespace
}  // namespace eyechart::detection

int main() {
  try {
    const std::string text{std::istreambuf_iterator<char>(std::cin), {}};
    eyechart::detection::Run(eyechart::ParseJson(text, "standard input"));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
