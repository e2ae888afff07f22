#include "probes/multiple_choice/ask_encoder.h"

#include <memory>
#include <utility>

#include "core/error.h"
#include "core/text.h"
#include "encoders/checkpoint.h"
#include "encoders/registry.h"
#include "encoders/text_encoder.h"
#include "probes/multiple_choice/image_text.h"
#include "probes/multiple_choice/read_out.h"
#include "probes/multiple_choice/text_rows.h"

namespace eyechart::multiple_choice {
namespace {

constexpr const char* kHead = "head";

// Why words cannot be used; "" where they can.
std::string WordlessBecause(const encoders::Checkpoint& checkpoint,
                            std::string_view pool) {
  if (!checkpoint.text_problem.empty()) return checkpoint.text_problem;
  if (encoders::FindFamily(checkpoint).make_text == nullptr)
    return fmt::format("{} ({}) has no text tower", checkpoint.name,
                       checkpoint.model_type);
  if (pool != kHead)
    return fmt::format(
        "the text tower's space is that of the pool head, not of {}", pool);
  return "";
}

// "auto" made up; throws for what cannot be.
Scoring ScoringOf(const Benchmark& benchmark,
                  const std::string& wordless,
                  const std::string& asked) {
  if (asked == "features") return Scoring::kFeatures;
  if (asked == "read-out") return Scoring::kReadOut;
  if (asked == "auto") {
    if (wordless.empty())
      return benchmark.has_statements() ? Scoring::kStatements
                                        : Scoring::kOptions;
    EYECHART_REQUIRE(!benchmark.pairs.empty(),
                     "{}: {}, and {} has no pairs of pictures to be compared "
                     "by features",
                     benchmark.source.string(), wordless, benchmark.kind);
    return Scoring::kFeatures;
  }
  EYECHART_REQUIRE(wordless.empty(), "scoring \"{}\": {}", asked, wordless);
  const bool statements = asked == "statements";
  EYECHART_REQUIRE(
      statements ? benchmark.has_statements() : benchmark.has_options(),
      "scoring \"{}\": {} has no {}", asked, benchmark.source.string(),
      statements ? "pairs of statements" : "options for every item");
  return statements ? Scoring::kStatements : Scoring::kOptions;
}

void RequireSamePictures(const Benchmark& benchmark,
                         const data::FeatureStore& store) {
  bool same = store.items().size() == benchmark.pictures.size();
  for (std::size_t i = 0; same && i < benchmark.pictures.size(); ++i)
    same = store.items()[i].id == benchmark.pictures[i].id;
  EYECHART_REQUIRE(same,
                   "{}: holds features of other pictures than those of "
                   "{}",
                   store.folder().string(), benchmark.source.string());
}

Result ScoreWords(const Benchmark& benchmark,
                  const Embeddings& pictures,
                  const encoders::Checkpoint& checkpoint,
                  const encoders::ModelSpec& spec,
                  const AskOptions& options,
                  Scoring scoring,
                  Progress& progress) {
  const bool statements = scoring == Scoring::kStatements;
  TextOptions text_options;
  text_options.prompt = options.prompt.value_or(
      statements ? benchmark.statement_prompt : std::string());
  text_options.question = options.option_text == "question";
  const std::unique_ptr<encoders::TextEncoder> encoder =
      encoders::TextEncoder::Create(checkpoint,
                                    encoders::EncoderOptionsOf(spec));
  const Texts texts = statements ? StatementTexts(benchmark, text_options)
                                 : OptionTexts(benchmark, text_options);
  const Embeddings rows = EncodeTexts(*encoder, texts.unique, progress);
  const LogitScale logit{encoder->logit_scale(), encoder->logit_bias()};
  Result result = statements
                      ? ScoreStatements(benchmark, pictures, texts, rows, logit)
                      : ScoreOptions(benchmark, pictures, texts, rows, logit);
  result.setting["prompt"] = text_options.prompt;
  if (!statements) result.setting["option_text"] = options.option_text;
  return result;
}

}  // namespace

void RequireKnown(const AskOptions& options) {
  const auto require = [](const char* name, const std::string& value,
                          const std::vector<std::string>& known) {
    for (const std::string& one : known)
      if (one == value) return;
    ThrowInput("{} \"{}\": not known{}; known are {}", name, value,
               DidYouMean(value, known), fmt::join(known, ", "));
  };
  require("scoring", options.scoring,
          {"auto", "statements", "options", "features", "read-out",
           "likelihood", "likelihood-mean", "generate"});
  require("option text", options.option_text, {"option", "question"});
  EYECHART_REQUIRE(options.pairs.random_pairs >= 1,
                   "random pairs {}: should be at least 1",
                   options.pairs.random_pairs);
}

void RequireAskable(const Benchmark& benchmark,
                    const encoders::Checkpoint& checkpoint,
                    std::string_view pool,
                    const AskOptions& options) {
  RequireKnown(options);
  ScoringOf(benchmark, WordlessBecause(checkpoint, pool), options.scoring);
}

Result AskEncoder(const Benchmark& benchmark,
                  const data::FeatureStore& store,
                  const encoders::ModelSpec& spec,
                  const AskOptions& options,
                  Progress& progress,
                  const TrainingPairs* train) {
  RequireKnown(options);
  EYECHART_REQUIRE((options.scoring == "read-out") == (train != nullptr),
                   "scoring \"read-out\" and pairs to train on go together");
  RequireSamePictures(benchmark, store);
  const encoders::Checkpoint checkpoint = encoders::OpenCheckpoint(spec.model);
  const std::string wordless =
      WordlessBecause(checkpoint, store.manifest().pool);
  const Scoring scoring = ScoringOf(benchmark, wordless, options.scoring);
  const Embeddings pictures = PictureEmbeddings(store);
  Result result;
  if (scoring == Scoring::kReadOut) {
    RequireSamePictures(train->benchmark, train->store);
    result = ScoreReadOut(benchmark, pictures, train->benchmark,
                          PictureEmbeddings(train->store));
  } else if (scoring != Scoring::kFeatures) {
    result = ScoreWords(benchmark, pictures, checkpoint, spec, options, scoring,
                        progress);
  }
  AddPairFeatures(benchmark, pictures, options.pairs, result);
  result.setting["pool"] = store.manifest().pool;
  if (result.has_cosines) {
    result.setting["random_pairs"] = std::to_string(options.pairs.random_pairs);
    result.setting["seed"] = std::to_string(options.pairs.seed);
  }
  if (scoring == Scoring::kFeatures)
    result.warnings.push_back(fmt::format(
        "{}: how alike the {} pairs are by features is told, and no accuracy. "
        "A trained read-out would need more pairs than a benchmark has: "
        "eyechart generate makes them",
        wordless.empty() ? "asked for features alone" : wordless,
        benchmark.pairs.size()));
  DescribeResult(benchmark, result);
  return result;
}

}  // namespace eyechart::multiple_choice
