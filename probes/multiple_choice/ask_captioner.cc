#include "probes/multiple_choice/ask_captioner.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <span>
#include <string_view>
#include <utility>

#include "core/error.h"
#include "core/text.h"
#include "probes/multiple_choice/option_parser.h"
#include "probes/multiple_choice/reading.h"

namespace eyechart::multiple_choice {
namespace {

using encoders::AnswerLikelihood;
using encoders::PicturePrompt;

// Prompts a pass of the language model: bounds memory when many questions are
// about one picture.
constexpr std::size_t kPrompts = 32;

// Tokens that an answer to a question may have; options are a few words.
constexpr std::int64_t kAnswerTokens = 32;

struct CaptionerScoring {
  std::string_view name;
  Scoring scoring;         // as it stands in records
  bool per_token = false;  // likelihoods divided by the number of tokens
};
constexpr std::array kScorings = {
    CaptionerScoring{"likelihood", Scoring::kLikelihood, false},
    CaptionerScoring{"likelihood-mean", Scoring::kLikelihood, true},
    CaptionerScoring{"generate", Scoring::kGenerated, false},
};

// Null for a scoring that is none of these.
const CaptionerScoring* FindScoring(const std::string& name) {
  for (const CaptionerScoring& scoring : kScorings)
    if (scoring.name == name) return &scoring;
  return nullptr;
}

void PutIn(std::string& text, std::string_view mark, const std::string& value) {
  for (std::size_t at = 0; (at = text.find(mark, at)) != text.npos;) {
    text.replace(at, mark.size(), value);
    at += value.size();
  }
}

std::string PromptOf(const Question& item, const std::string& asked) {
  std::string prompt = asked;
  if (prompt.find("{question}") == prompt.npos) prompt += "{question}";
  std::string options;
  for (std::size_t i = 0; i < item.options.size(); ++i)
    options += fmt::format("{}{} {}", i == 0 ? "" : " ",
                           OptionMark(static_cast<int>(i)), item.options[i]);
  PutIn(prompt, "{options}", options);
  PutIn(prompt, "{question}", item.question);
  return prompt;
}

Outcome Weighed(const Question& item,
                const std::vector<AnswerLikelihood>& likelihoods,
                bool per_token) {
  std::vector<double> scores;
  for (const AnswerLikelihood& one : likelihoods)
    scores.push_back(per_token ? one.mean() : one.sum);
  Outcome outcome;
  outcome.truth = OptionMark(item.answer);
  if (!std::all_of(scores.begin(), scores.end(),
                   [](double s) { return std::isfinite(s); })) {
    outcome.status = Status::kNotFinite;
    return outcome;
  }
  const auto best = std::max_element(scores.begin(), scores.end());
  if (std::count(scores.begin(), scores.end(), *best) > 1)
    outcome.status = Status::kTie;
  else
    outcome.prediction = OptionMark(static_cast<int>(best - scores.begin()));
  const double own = scores[static_cast<std::size_t>(item.answer)];
  scores.erase(scores.begin() + item.answer);
  outcome.score = own - *std::max_element(scores.begin(), scores.end());
  outcome.correct = outcome.score > 0;
  return outcome;
}

Outcome Parsed(const Question& item,
               Reading reading,
               const std::string& answer) {
  Outcome outcome;
  outcome.truth = OptionMark(item.answer);
  if (reading == Reading::kClock) outcome.read = ParseClock(answer);
  if (reading == Reading::kGauge) outcome.read = ParseNumber(answer);
  const ParsedAnswer parsed = ParseOption(answer, item.options);
  if (!parsed.option) {
    outcome.status = Status::kAbstained;
    return outcome;
  }
  outcome.prediction = OptionMark(*parsed.option);
  outcome.correct = *parsed.option == item.answer;
  return outcome;
}

// Answers the items of some pictures.
class Asker {
 public:
  Asker(const Benchmark& benchmark,
        encoders::Captioner& captioner,
        const CaptionerScoring& scoring,
        std::string prompt,
        Result& result)
      : benchmark_(benchmark),
        captioner_(captioner),
        scoring_(scoring),
        prompt_(std::move(prompt)),
        result_(result),
        generation_(captioner.generation()) {
    generation_.max_new_tokens =
        std::min(generation_.max_new_tokens, kAnswerTokens);
    for (std::size_t i = 0; i < benchmark.items.size(); ++i)
      items_of_[benchmark.items[i].picture].push_back(i);
  }

  void Ask(const std::vector<encoders::LookedPicture>& pictures,
           const at::Tensor& tokens) {
    std::vector<PicturePrompt> prompts;
    std::vector<std::size_t> items;
    for (std::size_t p = 0; p < pictures.size(); ++p)
      for (const std::size_t item : items_of_[pictures[p].index]) {
        prompts.push_back({static_cast<std::int64_t>(p),
                           PromptOf(benchmark_.items[item], prompt_)});
        items.push_back(item);
      }
    for (std::size_t i = 0; i < items.size(); i += kPrompts) {
      const std::size_t count = std::min(kPrompts, items.size() - i);
      AskSome(tokens, std::span(prompts).subspan(i, count),
              std::span(items).subspan(i, count));
    }
  }

 private:
  void AskSome(const at::Tensor& tokens,
               std::span<const PicturePrompt> prompts,
               std::span<const std::size_t> items) {
    if (scoring_.scoring == Scoring::kGenerated) {
      const auto answers = captioner_.Write(tokens, prompts, generation_);
      for (std::size_t k = 0; k < items.size(); ++k)
        result_.items[items[k]] = Parsed(benchmark_.items[items[k]],
                                         benchmark_.reading, answers[k].text);
      return;
    }
    std::vector<std::vector<std::string>> options;
    for (const std::size_t item : items)
      options.push_back(benchmark_.items[item].options);
    const auto likelihoods = captioner_.Likelihoods(tokens, prompts, options);
    for (std::size_t k = 0; k < items.size(); ++k)
      result_.items[items[k]] = Weighed(benchmark_.items[items[k]],
                                        likelihoods[k], scoring_.per_token);
  }

  const Benchmark& benchmark_;
  encoders::Captioner& captioner_;
  CaptionerScoring scoring_;
  std::string prompt_;
  Result& result_;
  encoders::GenerationOptions generation_;
  std::map<std::size_t, std::vector<std::size_t>> items_of_;  // by picture
};

}  // namespace

bool AsksCaptioner(const Benchmark& benchmark,
                   const encoders::Checkpoint& checkpoint,
                   AskOptions& options) {
  const bool writes = encoders::CanWrite(checkpoint);
  if (options.scoring == "auto" && writes && benchmark.has_options())
    options.scoring = "likelihood";
  if (FindScoring(options.scoring) == nullptr) return false;
  EYECHART_REQUIRE(writes,
                   "scoring \"{}\": {} ({}) does not write; it is for models "
                   "that do",
                   options.scoring, checkpoint.name, checkpoint.model_type);
  EYECHART_REQUIRE(benchmark.has_options(),
                   "scoring \"{}\": {} has no options for every item",
                   options.scoring, benchmark.source.string());
  return true;
}

CaptionerResult AskCaptioner(const Benchmark& benchmark,
                             encoders::LoadedCaptioner& model,
                             const AskOptions& options,
                             const encoders::LookOptions& look,
                             Progress& progress) {
  const CaptionerScoring* found = FindScoring(options.scoring);
  EYECHART_CHECK(found != nullptr && benchmark.has_options(),
                 "AsksCaptioner comes first");
  const CaptionerScoring& scoring = *found;
  const std::string prompt = options.prompt.value_or("{question}");
  Result result;
  result.scoring = scoring.scoring;
  result.items.resize(benchmark.items.size());
  Asker asker(benchmark, *model.captioner, scoring, prompt, result);
  const auto pictures = BenchmarkPictures(benchmark);
  const encoders::LookSummary summary = encoders::LookAtDataset(
      model, *pictures, look, progress,
      [&asker](const std::vector<encoders::LookedPicture>& looked,
               const at::Tensor& tokens) { asker.Ask(looked, tokens); });
  for (std::size_t i = 0; i < benchmark.items.size(); ++i) {
    if (summary.problems[benchmark.items[i].picture].empty()) continue;
    result.items[i].truth = OptionMark(benchmark.items[i].answer);
    result.items[i].status = Status::kUnreadable;
  }
  JoinPairs(benchmark, result);
  if (summary.noted > 0)
    result.warnings.push_back(
        fmt::format("{}: {} pictures were read with a note", benchmark.name,
                    summary.noted));
  result.setting["prompt"] = prompt;
  if (scoring.scoring == Scoring::kGenerated)
    result.setting["num_beams"] =
        std::to_string(model.captioner->generation().num_beams);
  else
    result.setting["per_token"] = scoring.per_token ? "yes" : "no";
  DescribeResult(benchmark, result);
  return {std::move(result), summary.items_sha256};
}

}  // namespace eyechart::multiple_choice
