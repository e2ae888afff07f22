#include "suite/probe_pipeline.h"

#include <algorithm>
#include <memory>
#include <set>
#include <utility>

#include "core/error.h"
#include "core/files.h"
#include "data/augment.h"
#include "encoders/device.h"
#include "encoders/text_encoder.h"
#include "probes/heads/prompt_file.h"
#include "probes/heads/zero_shot.h"
#include "probes/pipeline/head_file.h"
#include "probes/pipeline/live_source.h"

namespace eyechart::suite {
namespace {

namespace fs = std::filesystem;
using probes::ProbeSide;

std::shared_ptr<const data::FeatureStore> OpenProbeData(
    const fs::path& folder) {
  return std::make_shared<const data::FeatureStore>(folder);
}

std::unique_ptr<ProbeSide> OpenSide(const probes::Protocol& protocol,
                                    const fs::path& store,
                                    const fs::path& second,
                                    const std::string& name) {
  if (protocol.kind == "mixture")
    return std::make_unique<ProbeSide>(OpenProbeData(store),
                                       OpenProbeData(second), name);
  return std::make_unique<ProbeSide>(OpenProbeData(store), protocol.tokens,
                                     name);
}

c10::Device DeviceOf(const ProbeJob& job) {
  std::string name = job.device;
  if (name.empty() && job.model) name = job.model->device;
  return encoders::ParseDevice(name.empty() ? "cpu" : name);
}

// Gives `input` batches of augmented pictures from the encoder.
void SetLive(const ProbeJob& job,
             const probes::Protocol& protocol,
             encoders::LoadedModel& model,
             const ProbeSide& train,
             probes::ProbeInput& input) {
  const data::InputSize size = data::FixedInputSize(model.preprocess);
  EYECHART_REQUIRE(size.height > 0 && size.height == size.width,
                   "--augment: pictures of this processor come in other than "
                   "square sizes; give --resolution N");
  probes::LiveOptions live;
  live.augment = protocol.tokens ? data::AimAttentiveAugment(size.width)
                                 : data::DinoLinearAugment(size.width);
  live.tokens = protocol.tokens;
  live.batch = job.encode_batch;
  live.workers = job.workers;
  live.device = DeviceOf(job);
  input.augmentation = data::AugmentToJson(live.augment);
  input.live = [&job, &model, &train, live](
                   const at::Tensor& index, probes::Targets targets,
                   std::uint64_t seed) -> std::unique_ptr<probes::BatchSource> {
    probes::LiveOptions seeded = live;
    seeded.seed = seed;
    std::vector<std::int64_t> rows;
    const at::Tensor wanted = index.contiguous();
    const auto* places = wanted.const_data_ptr<std::int64_t>();
    for (std::int64_t i = 0; i < index.size(0); ++i)
      rows.push_back(train.rows()[static_cast<std::size_t>(places[i])]);
    return std::make_unique<probes::LiveSource>(model, *job.train_pictures,
                                                std::move(rows),
                                                std::move(targets), seeded);
  };
}

// The classes that a prompt file names, as the labels spell them: by name, or
// by their place in the file where the labels are numbers. Empty: the file
// names none, and the labels are the classes.
std::vector<std::string> ClassesOf(const probes::PromptFile& prompts,
                                   const ProbeSide& test) {
  const std::vector<std::string>& names = prompts.classes;
  if (names.empty()) return {};
  const std::vector<std::string> labels = test.labels();
  const auto all = [&labels](const auto& is_known) {
    return std::all_of(labels.begin(), labels.end(), is_known);
  };
  const std::set<std::string> known(names.begin(), names.end());
  if (all([&known](const std::string& label) { return known.contains(label); }))
    return names;
  std::vector<std::string> places;
  for (std::size_t i = 0; i < names.size(); ++i)
    places.push_back(std::to_string(i));
  const std::set<std::string> numbers(places.begin(), places.end());
  const auto unknown = std::find_if(
      labels.begin(), labels.end(),
      [&](const std::string& label) { return !numbers.contains(label); });
  EYECHART_REQUIRE(
      unknown == labels.end(),
      "{}: label \"{}\" is neither among the {} classes of {} nor a "
      "number below that",
      test.source(), *unknown, names.size(), prompts.source);
  return places;
}

// Scores of the test rows by the text tower.
at::Tensor ZeroShot(const ProbeJob& job,
                    const probes::PromptFile& prompts,
                    const ProbeSide& test,
                    const std::vector<std::string>& labels,
                    Json& setting) {
  const std::vector<std::string>& names =
      prompts.classes.empty() ? labels : prompts.classes;
  const encoders::Checkpoint checkpoint =
      encoders::OpenCheckpoint(job.model->model);
  const std::unique_ptr<encoders::TextEncoder> text =
      encoders::TextEncoder::Create(checkpoint,
                                    encoders::EncoderOptionsOf(*job.model));
  probes::ZeroShotOptions options;
  options.fill.underscores_to_blanks = job.underscores_to_blanks;
  const at::Tensor classes = probes::ClassEmbeddings(
      prompts, names,
      [&text](const std::vector<std::string>& texts) {
        return text->Encode(texts);
      },
      options);
  setting = {{"prompts", prompts.source},
             {"prompts_sha256", prompts.sha256},
             {"templates", prompts.templates.size()}};
  return probes::ZeroShotScores(test.pooled(), classes, text->logit_scale(),
                                text->logit_bias());
}

}  // namespace

void RequireProbeJob(const ProbeJob& job) {
  probes::RequireKnown(job.options);
  static_cast<void>(DeviceOf(job));
  const probes::Protocol& protocol = probes::FindProtocol(job.options);
  EYECHART_REQUIRE(
      !job.options.augment || (protocol.kind == "linear" && protocol.blocks) ||
          protocol.kind == "attentive",
      "--augment: {} is fitted on features; dinov2-linear and aim-attn train "
      "with the encoder in the loop",
      protocol.name);
  if (protocol.kind == "zero-shot") probes::ReadPrompts(job.prompts);
}

void AskForFeatures(const probes::ProbeOptions& options,
                    encoders::ModelSpec& spec,
                    encoders::EncodeOptions& encode) {
  const probes::Protocol& protocol = probes::FindProtocol(options);
  encode.tokens = protocol.tokens;
  spec.prefer_blocks = protocol.blocks;
  // Texts are in the space of the head.
  if (protocol.kind == "zero-shot" && spec.pool.empty()) spec.pool = "head";
}

probes::ProbeResult RunProbeJob(const ProbeJob& job, Progress& progress) {
  RequireProbeJob(job);
  const probes::Protocol& protocol = probes::FindProtocol(job.options);
  probes::ProbeInput input;
  const std::unique_ptr<ProbeSide> test =
      OpenSide(protocol, job.test_store, job.second_test_store, job.test_name);
  std::unique_ptr<ProbeSide> train;
  input.test = test.get();
  std::optional<encoders::LoadedModel> model;
  if (protocol.kind == "zero-shot") {
    EYECHART_REQUIRE(job.model.has_value(),
                     "zero-shot needs a MODEL with a text tower");
    const probes::PromptFile prompts = probes::ReadPrompts(job.prompts);
    input.classes = ClassesOf(prompts, *test);
    input.zero_shot = [&job, &test, prompts](
                          const std::vector<std::string>& names,
                          Json& setting) {
      return ZeroShot(job, prompts, *test, names, setting);
    };
  } else {
    train = OpenSide(protocol, job.train_store, job.second_train_store,
                     job.train_name);
    input.train = train.get();
    probes::RequireSameFeatures(train->store(), test->store());
    if (train->second() != nullptr)
      probes::RequireSameFeatures(train->second()->store(),
                                  test->second()->store());
    if (job.options.augment) {
      EYECHART_CHECK(job.model && job.train_pictures != nullptr,
                     "augmentation without an encoder and pictures");
      model = encoders::LoadModel(*job.model);
      SetLive(job, protocol, *model, *train, input);
    }
  }
  probes::ProbeOptions options = job.options;
  options.device = DeviceOf(job);
  if (!job.out.empty()) {
    CreateFolder(job.out);
    options.state = job.out / "state";
  }
  probes::ProbeResult result =
      probes::RunProbe(std::move(input), options, progress);
  if (job.out.empty()) return result;
  if (!result.fitted.head.empty()) probes::WriteHead(job.out / "head", result);
  WriteFileAtomic(job.out / "outcomes.csv", result.outcomes);
  // Last of all: where it stands, everything else does.
  WriteFileAtomic(job.out / "probe.json",
                  probes::ProbeToJson(result).dump(1) + "\n");
  std::error_code ignored;
  fs::remove_all(options.state, ignored);
  return result;
}

}  // namespace eyechart::suite
