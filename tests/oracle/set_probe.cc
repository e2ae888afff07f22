// The set head step by step, for the parity tests. Reads one JSON object from
// standard input: {"step": NAME, "data": FILE, "out": FILE, ...}, both files
// safetensors. Steps, with the tensors that they read and write:
//   assign   cost.I (r, c) -> rows.I, columns.I, and error.I where refused
//   sample   values, locations, weights, slope, levels (L, 2) -> out and the
//            slopes; "double": by grid_sampler, in float64
//   match    logits, boxes, boxes.I, classes.I of each picture -> rows, boxes,
//            classes
//   losses   the same, "varifocal" -> classes, l1, giou and the slopes
//   train    map.I, corners.I, classes.I, param.NAME -> loss.NAME,
//            slope.NAME, end.NAME after one step of AdamW, found.*.I of Detect
//            before it, draw.NAME of its noisy queries; "seconds" of each of
//            "repeats" steps
//   start    -> param.NAME
#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <exception>
#include <iostream>
#include <iterator>
#include <string>

#include "core/error.h"
#include "core/json.h"
#include "probes/detection/assignment.h"
#include "probes/detection/deformable_attention.h"
#include "probes/detection/head_optimizer.h"
#include "probes/detection/set_head.h"
#include "probes/heads/tensor_file.h"

namespace eyechart::detection {
namespace {

using Seconds = std::chrono::duration<double>;

class Data {
 public:
  explicit Data(const std::string& path)
      : path_(path), tensors_(probes::ReadTensors(path)) {}
  at::Tensor operator()(const std::string& name) const {
    return probes::FindTensor(tensors_, name, path_);
  }
  at::Tensor operator()(const std::string& name, std::int64_t i) const {
    return (*this)(fmt::format("{}.{}", name, i));
  }

 private:
  std::string path_;
  NamedTensors tensors_;
};

NamedTensors Assign(const Json& request, const Data& data) {
  NamedTensors out;
  for (std::int64_t i = 0; i < request.at("count").get<std::int64_t>(); ++i) {
    const at::Tensor cost = data("cost", i);
    try {
      const Assignment found =
          CheapestAssignment({cost.const_data_ptr<double>(),
                              static_cast<std::size_t>(cost.numel())},
                             cost.size(0), cost.size(1));
      out.emplace_back(fmt::format("rows.{}", i),
                       at::tensor(found.rows, at::kLong));
      out.emplace_back(fmt::format("columns.{}", i),
                       at::tensor(found.columns, at::kLong));
    } catch (const InputError&) {
      out.emplace_back(fmt::format("error.{}", i), at::zeros({1}));
    }
  }
  return out;
}

NamedTensors Sample(const Json& request, const Data& data) {
  const auto type = request.value("double", false) ? at::kDouble : at::kFloat;
  const auto leaf = [&](const char* name) {
    return data(name).to(type).clone().requires_grad_(true);
  };
  const at::Tensor values = leaf("values");
  const at::Tensor locations = leaf("locations");
  const at::Tensor weights = leaf("weights");
  const at::Tensor sizes = data("levels");
  std::vector<LevelSize> levels;
  for (std::int64_t l = 0; l < sizes.size(0); ++l)
    levels.push_back(
        {sizes[l][0].item<std::int64_t>(), sizes[l][1].item<std::int64_t>()});
  at::Tensor read = values;
  if (request.value("strided", false)) {
    // A part of wider rows, as a projection for several layers has it.
    read = at::cat({values, values * 2}, -2).narrow(-2, 0, values.size(-2));
  }
  const at::Tensor out = SampleDeformably(read, levels, locations, weights);
  out.backward(data("slope").to(type));
  return {{"out", out.detach().contiguous()},
          {"values", values.grad()},
          {"locations", locations.grad()},
          {"weights", weights.grad()}};
}

std::vector<SetTargets> Targets(const Json& request, const Data& data) {
  std::vector<SetTargets> targets;
  for (std::int64_t i = 0; i < request.at("pictures").get<std::int64_t>(); ++i)
    targets.push_back({data("boxes", i), data("classes", i)});
  return targets;
}

NamedTensors Match(const Json& request, const Data& data) {
  const SetMatches matches =
      MatchQueries({data("logits"), data("boxes")}, Targets(request, data));
  return {{"rows", matches.rows},
          {"boxes", matches.boxes},
          {"classes", matches.classes}};
}

NamedTensors Losses(const Json& request, const Data& data) {
  const SetPrediction said = {data("logits").clone().requires_grad_(true),
                              data("boxes").clone().requires_grad_(true)};
  const std::vector<SetTargets> targets = Targets(request, data);
  SetLossOptions options;
  options.varifocal = request.at("varifocal").get<bool>();
  const SetLoss loss = SetLosses(said, MatchQueries(said, targets),
                                 request.at("objects").get<double>(), options);
  (loss.classes + loss.l1 + loss.giou).backward();
  return {{"classes", loss.classes.detach().reshape({1})},
          {"l1", loss.l1.detach().reshape({1})},
          {"giou", loss.giou.detach().reshape({1})},
          {"logits", said.logits.grad()},
          {"boxes", said.boxes.grad()}};
}

SetHeadOptions HeadOf(const Json& request) {
  SetHeadOptions options;
  for (const Json& map : request.at("maps"))
    options.pyramid.maps.push_back(
        {map[0].get<std::int64_t>(), map[1].get<int>()});
  options.pyramid.width = request.at("width").get<std::int64_t>();
  options.pyramid.seed = request.value("seed", std::uint64_t{0});
  options.model.classes = request.at("classes").get<std::int64_t>();
  options.model.queries = request.at("queries").get<std::int64_t>();
  options.model.layers = request.at("layers").get<std::int64_t>();
  options.model.decoder.heads = request.at("heads").get<std::int64_t>();
  options.model.decoder.points = request.at("points").get<std::int64_t>();
  options.model.decoder.hidden = request.at("hidden").get<std::int64_t>();
  options.losses.varifocal = request.value("varifocal", true);
  options.denoising.queries =
      request.value("denoising", options.denoising.queries);
  return options;
}

void AddAll(const NamedTensors& from,
            const std::string& prefix,
            NamedTensors& out) {
  for (const auto& [name, tensor] : from)
    out.emplace_back(prefix + name, tensor.detach().clone());
}

NamedTensors AllParameters(const DetectionHead& head) {
  NamedTensors all = head.Parameters();
  const NamedTensors beside = head.TrainingParameters();
  all.insert(all.end(), beside.begin(), beside.end());
  return all;
}

// What the noisy queries of the first step are drawn by.
void AddDraws(const SetHeadOptions& options,
              const std::vector<BoxTargets>& targets,
              NamedTensors& out) {
  std::int64_t most = 0;
  for (const BoxTargets& picture : targets)
    most = std::max(most, picture.classes.size(0));
  const std::int64_t queries = NoisyQueryCount(most, options.denoising);
  if (queries == 0) return;
  const DenoisingDraws draws =
      DrawDenoising(static_cast<std::int64_t>(targets.size()), queries,
                    options.model.classes, options.pyramid.seed, 0);
  out.emplace_back("draw.flips", draws.flips);
  out.emplace_back("draw.classes", draws.classes);
  out.emplace_back("draw.signs", draws.signs);
  out.emplace_back("draw.moves", draws.moves);
}

NamedTensors Start(const Json& request) {
  NamedTensors out;
  AddAll(AllParameters(*CreateSetHead(HeadOf(request))), "param.", out);
  return out;
}

NamedTensors Train(const Json& request, const Data& data) {
  const auto head = CreateSetHead(HeadOf(request));
  const NamedTensors parameters = AllParameters(*head);
  for (const auto& [name, tensor] : parameters)
    tensor.detach().copy_(data("param." + name));
  std::vector<at::Tensor> maps;
  for (std::size_t i = 0; i < request.at("maps").size(); ++i)
    maps.push_back(data("map", static_cast<std::int64_t>(i)));
  std::vector<BoxTargets> targets;
  for (std::int64_t i = 0; i < maps[0].size(0); ++i)
    targets.push_back({data("corners", i), data("classes", i)});
  HeadOptimizerOptions options;
  options.rate = request.at("rate").get<double>();
  options.decay = request.at("decay").get<double>();
  options.clip = request.at("clip").get<double>();
  options.adam.epsilon = request.at("epsilon").get<double>();
  const auto repeats = request.value("repeats", std::int64_t{1});
  options.schedule.steps = repeats;
  HeadOptimizer optimizer(options);
  optimizer.Add(parameters);
  NamedTensors out;
  AddDraws(HeadOf(request), targets, out);
  const std::vector<FoundBoxes> found = head->Detect(maps, {0.0, 1000});
  for (std::size_t i = 0; i < found.size(); ++i) {
    out.emplace_back(fmt::format("found.corners.{}", i), found[i].corners);
    out.emplace_back(fmt::format("found.scores.{}", i), found[i].scores);
    out.emplace_back(fmt::format("found.classes.{}", i), found[i].classes);
  }
  std::vector<double> seconds;
  for (std::int64_t i = 0; i < repeats; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    at::Tensor sum = at::zeros({});
    for (const LossTerm& term :
         head->Losses(maps, targets, static_cast<std::uint64_t>(i))) {
      sum = sum + term.value;
      if (i == 0)
        out.emplace_back("loss." + term.name, term.value.detach().reshape({1}));
    }
    const auto middle = std::chrono::steady_clock::now();
    sum.backward();
    if (i == 0)
      for (const auto& [name, tensor] : parameters)
        if (tensor.grad().defined())
          out.emplace_back("slope." + name, tensor.grad().clone());
    const auto after = std::chrono::steady_clock::now();
    optimizer.Step(i);
    const auto end = std::chrono::steady_clock::now();
    if (i == 0) AddAll(parameters, "end.", out);
    seconds.push_back(Seconds(middle - begin).count());
    seconds.push_back(Seconds(after - middle).count());
    seconds.push_back(Seconds(end - after).count());
  }
  out.emplace_back("seconds",
                   at::tensor(seconds, at::kDouble).view({repeats, 3}));
  return out;
}

NamedTensors Run(const Json& request) {
  const std::string step = request.at("step").get<std::string>();
  if (step == "start") return Start(request);
  const Data data(request.at("data").get<std::string>());
  if (step == "assign") return Assign(request, data);
  if (step == "sample") return Sample(request, data);
  if (step == "match") return Match(request, data);
  if (step == "losses") return Losses(request, data);
  return Train(request, data);
}

}  // namespace
}  // namespace eyechart::detection

int main() {
  try {
    const std::string text{std::istreambuf_iterator<char>(std::cin), {}};
    const eyechart::Json request = eyechart::ParseJson(text, "standard input");
    eyechart::detection::NamedTensors out = eyechart::detection::Run(request);
    for (auto& [name, tensor] : out) tensor = tensor.contiguous();
    eyechart::probes::WriteTensors(request.at("out").get<std::string>(), out);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
