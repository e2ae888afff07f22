#include "probes/pipeline/head_file.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/matmul.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "core/error.h"
#include "core/files.h"
#include "core/hash.h"
#include "core/interrupt.h"
#include "probes/heads/attentive_grid.h"
#include "probes/heads/tensor_file.h"
#include "probes/mixture/mixture_grid.h"
#include "probes/pipeline/grid_training.h"
#include "probes/pipeline/probe_scores.h"

namespace eyechart::probes {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kFileRows = 256;  // scored at a time

Json FeaturesJson(const data::StoreManifest& m) {
  Json json = {{"model", m.model},
               {"family", m.family},
               {"weights_sha256", m.weights_sha256},
               {"preprocess_sha256", m.preprocess_sha256},
               {"dtype", m.dtype},
               {"pool", m.pool},
               {"dim", m.dim},
               {"parts", m.parts},
               {"tokens", nullptr}};
  if (m.tokens)
    json["tokens"] = {{"count", m.tokens->count}, {"dim", m.tokens->dim}};
  return json;
}

// A grid of the one head that `facts` describe, as yet untrained.
std::unique_ptr<HeadGrid> GridOf(const Json& facts,
                                 const LabelSet& labels,
                                 const std::string& source) {
  const auto whole = [&](const char* key) {
    return JsonGet<std::int64_t>(facts, key, source);
  };
  if (facts.at("form") == "attentive") {
    AttentiveGridOptions grid;
    grid.points = {{}};
    grid.targets = labels.kind;
    grid.outputs = labels.trained;
    grid.width = whole("width");
    grid.heads = whole("heads");
    return CreateAttentiveGrid(grid);
  }
  MixtureGridOptions grid;
  MixturePoint point;
  point.interleaved = JsonGet<bool>(facts, "interleaved", source);
  point.alpha = JsonGet<double>(facts, "alpha", source);
  point.attentive = JsonGet<bool>(facts, "attentive", source);
  grid.points = {point};
  grid.targets = labels.kind;
  grid.outputs = labels.trained;
  grid.first_width = whole("first_width");
  grid.second_width = whole("second_width");
  grid.width = whole("width");
  grid.heads = whole("heads");
  return CreateMixtureGrid(grid);
}

}  // namespace

void WriteHead(const fs::path& folder, const ProbeResult& result) {
  CreateFolder(folder);
  const fs::path tensors = folder / "head.safetensors";
  WriteTensors(tensors, result.fitted.head);
  std::vector<std::string> classes = result.labels.names;
  classes.resize(std::min(classes.size(),
                          static_cast<std::size_t>(result.labels.trained)));
  const GridPoint& point = result.fitted.grid[result.fitted.selected];
  Json json = result.fitted.head_facts;
  json.update({{"schema", kHeadSchema},
               {"kind", result.protocol->kind},
               {"protocol", result.protocol->name},
               {"targets", TargetKindName(result.labels.kind)},
               {"classes", classes},
               {"outputs", result.labels.trained},
               {"mean", result.labels.mean},
               {"deviation", result.labels.deviation},
               {"features", FeaturesJson(result.features)},
               {"selected", point.setting},
               {"setting", result.fitted.setting},
               {"seed", result.options.seed},
               {"tensors_sha256", Sha256File(tensors)}});
  if (result.second) json["second"] = FeaturesJson(*result.second);
  WriteFileAtomic(folder / "head.json", json.dump(1) + "\n");
}

HeadFile::HeadFile(const fs::path& folder) : folder_(folder) {
  const fs::path path = folder / "head.json";
  EYECHART_REQUIRE(fs::exists(path),
                   "{}: no head of a probe: it has no head.json; eyechart "
                   "probe -o FOLDER writes FOLDER/head",
                   folder.string());
  const std::string source = path.string();
  facts_ = ReadJsonFile(path);
  EYECHART_REQUIRE(facts_.is_object(), "{}: not a JSON object", source);
  const auto schema = JsonGet<std::int64_t>(facts_, "schema", source);
  EYECHART_REQUIRE(schema == kHeadSchema,
                   "{}: head schema {}; this build reads {}", source, schema,
                   kHeadSchema);
  form_ = JsonGet<std::string>(facts_, "form", source);
  EYECHART_REQUIRE(
      form_ == "linear" || form_ == "attentive" || form_ == "mixture",
      "{}: form \"{}\": should be linear, attentive or mixture", source, form_);
  labels_.kind =
      ParseTargetKind(JsonGet<std::string>(facts_, "targets", source));
  labels_.trained = JsonGet<std::int64_t>(facts_, "outputs", source);
  labels_.mean = JsonGet<double>(facts_, "mean", source);
  labels_.deviation = JsonGet<double>(facts_, "deviation", source);
  for (const Json& name : facts_.value("classes", Json::array())) {
    EYECHART_REQUIRE(name.is_string(), "{}: classes should be text", source);
    labels_.names.push_back(name.get<std::string>());
  }
  EYECHART_REQUIRE(
      labels_.kind == TargetKind::kNumbers ||
          static_cast<std::int64_t>(labels_.names.size()) == labels_.trained,
      "{}: {} classes for {} outputs", source, labels_.names.size(),
      labels_.trained);
  EYECHART_REQUIRE(
      facts_.contains("features") && facts_["features"].is_object(),
      "{}: it does not say what features it reads", source);
  const fs::path tensors = folder / "head.safetensors";
  EYECHART_REQUIRE(fs::exists(tensors), "{}: it lacks head.safetensors",
                   folder.string());
  EYECHART_REQUIRE(
      Sha256File(tensors) ==
          JsonGet<std::string>(facts_, "tensors_sha256", source),
      "{}: its SHA-256 is not the one in head.json; the file is damaged or was "
      "changed",
      tensors.string());
  tensors_ = ReadTensors(tensors);
}

void HeadFile::RequireFits(const data::FeatureStore& store,
                           bool second,
                           const std::string& source) const {
  const std::string head = (folder_ / "head.json").string();
  const std::string of = source.empty() ? store.folder().string() : source;
  const Json wanted = facts_.at(second ? "second" : "features");
  const Json found = FeaturesJson(store.manifest());
  for (const char* key : {"weights_sha256", "preprocess_sha256", "dtype",
                          "pool", "dim", "tokens"}) {
    // A pooled width says nothing to a head that reads tokens.
    const bool of_pool =
        std::string_view(key) == "pool" || std::string_view(key) == "dim";
    if (reads_tokens() && of_pool) continue;
    if (!reads_tokens() && std::string_view(key) == "tokens") continue;
    EYECHART_REQUIRE(wanted.value(key, Json()) == found.at(key),
                     "{}: the head was trained on features with {} {}; those "
                     "of {} have {}",
                     head, key, wanted.value(key, Json()).dump(), of,
                     found.at(key).dump());
  }
}

at::Tensor HeadFile::Scores(const ProbeSide& side) const {
  const std::string source = (folder_ / "head.safetensors").string();
  if (form_ == "linear") {
    const Json columns = facts_.value("columns", Json());
    EYECHART_REQUIRE(
        columns.is_array() && columns.size() == 2 &&
            columns[0].is_number_integer() && columns[1].is_number_integer(),
        "{}: columns should be two numbers", (folder_ / "head.json").string());
    const auto begin = columns[0].get<std::int64_t>();
    const auto count = columns[1].get<std::int64_t>();
    const at::Tensor& weight = FindTensor(tensors_, "weight", source);
    const at::Tensor& bias = FindTensor(tensors_, "bias", source);
    EYECHART_REQUIRE(begin >= 0 && count > 0 &&
                         begin + count <= side.pooled().size(1) &&
                         weight.dim() == 2 && weight.size(1) == count &&
                         weight.size(0) == labels_.trained && bias.dim() == 1 &&
                         bias.size(0) == labels_.trained,
                     "{}: weight and bias do not fit {} outputs of columns {} "
                     "to {}",
                     source, labels_.trained, begin, begin + count);
    return at::matmul(
               side.pooled().narrow(1, begin, count).to(weight.scalar_type()),
               weight.t()) +
           bias;
  }
  const std::unique_ptr<HeadGrid> grid =
      GridOf(facts_, labels_, (folder_ / "head.json").string());
  for (const auto& [name, tensor] : grid->Head(0)) {
    const at::Tensor& found = FindTensor(tensors_, name, source);
    EYECHART_REQUIRE(found.sizes() == tensor.sizes(),
                     "{}: tensor {} has another shape than head.json says",
                     source, name);
  }
  LoadHead(*grid, tensors_);
  std::vector<at::Tensor> scores;
  for (std::int64_t begin = 0; begin < side.size(); begin += kFileRows) {
    ThrowIfInterrupted();
    scores.push_back(grid->Scores(side.Load(at::arange(
        begin, std::min(side.size(), begin + kFileRows), at::kLong)))[0]);
  }
  return at::cat(scores);
}

AppliedHead ApplyHead(const HeadFile& head, const ProbeSide& test) {
  LabelSet labels = head.labels();
  const std::vector<std::string> texts = test.labels();
  AddUnknownClasses(texts, test.source(), labels);
  const Targets targets = labels.Of(texts, test.source());
  const ScoredRows scored = ScoreRows(head.Scores(test), targets, labels, test);
  AppliedHead applied;
  Json scores = Json::object();
  for (const ProbeScore& score : scored.scores)
    scores[score.metric] = score.value;
  std::vector<std::string> warnings = labels.warnings;
  warnings.insert(warnings.end(), scored.warnings.begin(),
                  scored.warnings.end());
  const Json& facts = head.facts();
  applied.json = {{"schema", 1},
                  {"command", "probe"},
                  {"kind", "apply"},
                  {"protocol", facts.value("protocol", "")},
                  {"selected", facts.value("selected", Json())},
                  {"test", test.size()},
                  {"classes", labels.trained},
                  {"warnings", warnings}};
  applied.json.update(scores);
  if (!scored.scores.empty() && scored.scores.front().ci) {
    const Interval& ci = *scored.scores.front().ci;
    applied.json["ci"] = {{"low", ci.low},
                          {"high", ci.high},
                          {"level", ci.level},
                          {"method", ci.method}};
  }
  applied.outcomes = scored.outcomes;
  return applied;
}

}  // namespace eyechart::probes
