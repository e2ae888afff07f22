#include <cmath>
#include <memory>

#include "cli/command.h"
#include "cli/options.h"
#include "cli/terminal.h"
#include "core/error.h"

namespace eyechart::cli {
namespace {

struct InspectFlags {
  std::string model;
  std::string resolution;
  bool json = false;
};

Json FiniteOrNull(double value) {
  return std::isfinite(value) ? Json(value) : Json();
}

Json Describe(const encoders::LoadedModel& model) {
  const encoders::EncoderInfo& info = model.encoder->info();
  data::InputSize size = data::FixedInputSize(model.preprocess);
  std::vector<std::string> warnings = model.checkpoint.notes;
  if (size.height == 0) {
    size = {info.image_height, info.image_width};
    warnings.push_back(
        "the processor gives pictures of varying size; tokens and flops are "
        "those of the model's own input size");
  }
  Json pools = Json::object();
  for (const auto& [pool, width] : info.pools)
    pools[std::string(encoders::PoolName(pool))] = width;
  Json pyramid = Json::array();
  for (const encoders::PyramidLevel& level : info.pyramid)
    pyramid.push_back({{"dim", level.width}, {"stride", level.stride}});
  return {
      {"schema", 1},
      {"command", "inspect"},
      {"warnings", warnings},
      {"model", model.checkpoint.name},
      {"family", info.family},
      {"parameters", info.parameters},
      {"layout", info.layout.empty() ? "Hugging Face" : info.layout},
      {"flops", FiniteOrNull(model.encoder->Flops(size.height, size.width))},
      {"image_size", {info.image_height, info.image_width}},
      {"input_size", {size.height, size.width}},
      {"patch_size", info.patch_size},
      {"pools", pools},
      {"default_pool", encoders::PoolName(info.default_pool)},
      {"tokens",
       {{"count", model.encoder->TokenCount(size.height, size.width)},
        {"dim", info.token_width}}},
      {"pyramid", pyramid},
      {"text", info.has_text},
      {"preprocess", data::PreprocessToJson(model.preprocess)},
      {"preprocess_sha256", data::PreprocessSha256(model.preprocess)},
      {"weights_sha256", model.weights_sha256},
      {"unused_keys", info.unused_keys},
      {"missing_keys", info.missing_keys}};
}

void PrintModel(const Json& d) {
  const auto line = [](const std::string& name, const std::string& value) {
    PrintLine(fmt::format("{:<14} {}", name, value));
  };
  const auto count = [](const Json& value) {
    return WithSeparators(value.get<std::int64_t>());
  };
  line("model", d["model"].get<std::string>());
  line("family", d["family"].get<std::string>());
  line("parameters", count(d["parameters"]) + " (image side)");
  line("input",
       fmt::format("{} x {} pixels (model made for {} x {}), patch {}",
                   d["input_size"][0].get<int>(), d["input_size"][1].get<int>(),
                   d["image_size"][0].get<int>(), d["image_size"][1].get<int>(),
                   d["patch_size"].get<int>()));
  line("layout", d["layout"].get<std::string>());
  line("compute", d["flops"].is_null()
                      ? "not known"
                      : fmt::format("{:.3g} GFLOP a picture",
                                    d["flops"].get<double>() / 1e9));
  std::vector<std::string> pools;
  for (const auto& [name, width] : d["pools"].items())
    pools.push_back(fmt::format(
        "{} ({}){}", name, width.get<int>(),
        name == d["default_pool"].get<std::string>() ? ", the default" : ""));
  line("pools", fmt::format("{}", fmt::join(pools, "; ")));
  line("tokens", fmt::format("{} x {}", count(d["tokens"]["count"]),
                             count(d["tokens"]["dim"])));
  for (const Json& level : d["pyramid"])
    line("stage", fmt::format("{} channels at stride {}", count(level["dim"]),
                              level["stride"].get<int>()));
  line("text tower", d["text"].get<bool>() ? "yes" : "no");
  line("preprocess", CanonicalJson(d["preprocess"]));
  line("weights", d["weights_sha256"].get<std::string>());
  for (const Json& key : d["unused_keys"])
    line("unused key", key.get<std::string>());
  for (const Json& key : d["missing_keys"])
    line("missing key", key.get<std::string>());
}

int RunInspect(const InspectFlags& options) {
  encoders::ModelSpec spec;
  spec.model = options.model;
  spec.resolution = options.resolution;
  spec.allow_unused = true;
  spec.allow_missing = true;
  const Json description = Describe(encoders::LoadModel(spec));
  for (const Json& warning : description["warnings"])
    PrintWarning(warning.get<std::string>());
  if (options.json)
    PrintJson(description);
  else
    PrintModel(description);
  const std::size_t missing = description["missing_keys"].size();
  EYECHART_REQUIRE(missing == 0,
                   "{}: {} tensors are missing, listed above; the checkpoint "
                   "would not load",
                   options.model, missing);
  return kExitOk;
}

}  // namespace

Runner AddInspect(Arguments& app) {
  auto options = std::make_shared<InspectFlags>();
  app.AddOption("model", options->model,
                "checkpoint folder, or hub id in the Hugging Face cache")
      .Required();
  app.AddOption("--resolution", options->resolution,
                "input size N or HxW in pixels (default: the processor's)");
  app.AddFlag("--json", options->json, "print one JSON object");
  return [options] { return RunInspect(*options); };
}

}  // namespace eyechart::cli
