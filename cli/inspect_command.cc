#include <algorithm>
#include <cmath>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cli/command.h"
#include "cli/options.h"
#include "cli/terminal.h"
#include "core/error.h"
#include "encoders/captioner.h"
#include "encoders/loaded_model.h"
#include "encoders/registry.h"
#include "encoders/text_encoder.h"
#include "probes/detection/transfer/exported_detector.h"

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

// Rows and columns of pixels that no patch covers; as the reference does, a ViT
// leaves them out.
void WarnOfUncovered(const encoders::EncoderInfo& info,
                     const char* what,
                     data::InputSize size,
                     std::vector<std::string>& warnings) {
  const int patch = info.patch_size;
  if (patch <= 0 || (size.height % patch == 0 && size.width % patch == 0))
    return;
  warnings.push_back(fmt::format(
      "{} {} x {} is no multiple of the patch, {}: the last {} rows and {} "
      "columns of pixels are not looked at, as in the reference",
      what, size.height, size.width, patch, size.height % patch,
      size.width % patch));
}

// What the model has beside its image side.
struct Words {
  const char* what;   // in warnings
  const char* users;  // what wants it
  void (*build)(const encoders::Checkpoint&, const encoders::EncoderOptions&);
};

constexpr Words kTextTower = {"text tower", "zero-shot classes and `ask`",
                              [](const encoders::Checkpoint& checkpoint,
                                 const encoders::EncoderOptions& options) {
                                encoders::TextEncoder::Create(checkpoint,
                                                              options);
                              }};
constexpr Words kLanguageModel = {
    "language model", "`ask` and `detect predict`",
    [](const encoders::Checkpoint& checkpoint,
       const encoders::EncoderOptions& options) {
      encoders::Captioner::Create(checkpoint, options);
    }};

// Null where the model has none: an image tower alone.
const Words* WordsOf(const encoders::LoadedModel& model) {
  if (model.encoder->info().has_text || !model.checkpoint.text_problem.empty())
    return &kTextTower;
  const encoders::Family& family = encoders::FindFamily(model.checkpoint);
  return family.make_captioner != nullptr ? &kLanguageModel : nullptr;
}

// Why `words` would not load with `options`; empty where they would.
std::string WordsProblem(const Words& words,
                         const encoders::Checkpoint& checkpoint,
                         const encoders::EncoderOptions& options) {
  try {
    words.build(checkpoint, options);
  } catch (const InputError& error) {
    return error.what();
  }
  return "";
}

// Builds what reads or writes words as the commands that use it do.
void AddWords(const Words& words,
              const encoders::Checkpoint& checkpoint,
              Json& description) {
  encoders::EncoderOptions options;
  options.describe = true;
  // Where the image side lists unknown keys, loading takes --allow-unused.
  options.allow_unused = !description["unused_keys"].empty();
  std::vector<std::string> problems;
  const auto add = [&] {
    std::string problem = WordsProblem(words, checkpoint, options);
    if (problem.empty() || (!problems.empty() && problem == problems.front()))
      return;
    problems.push_back(std::move(problem));
  };
  add();
  // Tensors that are missing are not to hide what is wrong with a tokenizer.
  options.allow_unused = options.allow_missing = true;
  if (!problems.empty()) add();
  description["words"] = {{"part", words.what},
                          {"loads", problems.empty()},
                          {"problems", problems}};
  for (const std::string& problem : problems)
    description["warnings"].push_back(
        fmt::format("the {} would not load, which {} want: {}", words.what,
                    words.users, problem));
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
  // Others pad, or have no patches of their own.
  if (info.pyramid.empty() && info.family != "exported") {
    const data::InputSize own{info.image_height, info.image_width};
    WarnOfUncovered(info, "\"image_size\"", own, warnings);
    if (size.height != own.height || size.width != own.width)
      WarnOfUncovered(info, "the input of", size, warnings);
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
      {"flops_pooled", FiniteOrNull(encoders::PooledFlops(model, size))},
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
      {"words", Json()},
      {"preprocess", data::PreprocessToJson(model.preprocess)},
      {"preprocess_sha256", data::PreprocessSha256(model.preprocess)},
      {"weights_sha256", model.weights_sha256},
      {"unused_keys", info.unused_keys},
      {"missing_keys", info.missing_keys}};
}

std::string ComputeText(const Json& d) {
  if (d["flops"].is_null()) return "not known";
  const auto giga = [&d](const char* key) {
    return fmt::format("{:.3g} GFLOP", d[key].get<double>() / 1e9);
  };
  std::string text = giga("flops") + " a picture";
  if (d["flops_pooled"] != d["flops"])
    text += fmt::format("; {} where the pooled feature alone is asked for",
                        giga("flops_pooled"));
  return text;
}

std::string WordsText(const Json& words) {
  if (words.is_null()) return "no";
  return words["loads"].get<bool>() ? "yes" : "would not load, see above";
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
  line("compute", ComputeText(d));
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
  const Json& words = d["words"];
  line(words.is_null() ? kTextTower.what : words["part"].get<std::string>(),
       WordsText(words));
  line("preprocess", CanonicalJson(d["preprocess"]));
  line("weights", d["weights_sha256"].get<std::string>());
  for (const Json& key : d["unused_keys"])
    line("unused key", key.get<std::string>());
  for (const Json& key : d["missing_keys"])
    line("missing key", key.get<std::string>());
}

Json DescribeDetector(const detection::ExportedDetector& exported) {
  const detection::Detector& detector = exported.detector();
  Json categories = Json::array();
  for (const data::BoxCategory& category : detector.categories)
    categories.push_back(category.name);
  return {{"schema", 1},
          {"command", "inspect"},
          {"warnings", Json::array()},
          {"model", exported.name()},
          {"family", "exported-detector"},
          {"format", exported.format()},
          {"parameters", exported.parameters()},
          {"input_size", {detector.canvas.height, detector.canvas.width}},
          {"resize", detector.canvas.keep_aspect ? "letterbox" : "stretch"},
          {"categories", categories},
          {"needs_nms", detector.head->needs_nms()},
          {"preprocess", data::PreprocessToJson(exported.preprocess())},
          {"preprocess_sha256", data::PreprocessSha256(exported.preprocess())},
          {"weights_sha256", exported.weights_sha256()}};
}

void PrintDetector(const Json& d) {
  const auto line = [](const char* name, const std::string& value) {
    PrintLine(fmt::format("{:<14} {}", name, value));
  };
  const auto text = [&d](const char* key) { return d[key].get<std::string>(); };
  line("model", text("model"));
  line("family", "exported detector: boxes and no features");
  line("format", text("format"));
  line("parameters", WithSeparators(d["parameters"].get<std::int64_t>()));
  line("input", fmt::format("{} x {} pixels, {}", d["input_size"][0].get<int>(),
                            d["input_size"][1].get<int>(), text("resize")));
  constexpr std::size_t kShown = 5;
  const auto names = d["categories"].get<std::vector<std::string>>();
  const std::size_t shown = std::min(kShown, names.size());
  const auto end = names.begin() + static_cast<std::ptrdiff_t>(shown);
  line("categories", fmt::format("{}: {}{}", names.size(),
                                 fmt::join(names.begin(), end, ", "),
                                 names.size() > shown ? ", ..." : ""));
  line("suppression", d["needs_nms"].get<bool>() ? "our NMS" : "none needed");
  line("preprocess", CanonicalJson(d["preprocess"]));
  line("weights", text("weights_sha256"));
}

int RunInspect(const InspectFlags& options) {
  encoders::ModelSpec spec;
  spec.model = options.model;
  spec.resolution = options.resolution;
  if (detection::IsExportedDetector(options.model)) {
    const Json detector = DescribeDetector(detection::ExportedDetector(spec));
    if (options.json)
      PrintJson(detector);
    else
      PrintDetector(detector);
    return kExitOk;
  }
  spec.allow_unused = true;
  spec.allow_missing = true;
  spec.describe = true;
  encoders::LoadedModel model = encoders::LoadModel(spec);
  Json description = Describe(model);
  const Words* words = WordsOf(model);
  model.encoder.reset();  // not both in memory
  if (words != nullptr) AddWords(*words, model.checkpoint, description);
  for (const Json& warning : description["warnings"])
    PrintWarning(warning.get<std::string>());
  if (options.json)
    PrintJson(description);
  else
    PrintModel(description);
  const std::size_t missing = description["missing_keys"].size();
  EYECHART_REQUIRE(
      missing == 0,
      "{}: {} tensors are missing, {}; the checkpoint would not load",
      options.model, missing,
      options.json ? "which \"missing_keys\" names" : "listed above");
  return kExitOk;
}

}  // namespace

Runner AddInspect(Arguments& app) {
  auto options = std::make_shared<InspectFlags>();
  app.AddOption("model", options->model,
                "checkpoint folder, hub id in the Hugging Face cache, or an "
                "exported detector's folder")
      .Required();
  app.AddOption("--resolution", options->resolution,
                "input size N or HxW in pixels (default: the processor's)");
  app.AddFlag("--json", options->json, "print one JSON object");
  return [options] { return RunInspect(*options); };
}

}  // namespace eyechart::cli
