#include "probes/multiple_choice/image_text.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "core/error.h"

namespace eyechart::multiple_choice {
namespace {

std::size_t IndexOf(const std::string& text,
                    std::map<std::string, std::size_t>& known,
                    std::vector<std::string>& unique) {
  const auto [entry, fresh] = known.emplace(text, unique.size());
  if (fresh) unique.push_back(text);
  return entry->second;
}

float Logit(const Embeddings& pictures,
            std::size_t picture,
            const Embeddings& texts,
            std::size_t text,
            const LogitScale& logit) {
  return static_cast<float>(
      logit.scale * Cosine(texts, text, pictures, picture) + logit.bias);
}

bool Finite(const PairLogits& s, std::size_t t) {
  return std::isfinite(s[t][0]) && std::isfinite(s[t][1]);
}

}  // namespace

PairVerdict JudgePair(const PairLogits& s) {
  PairVerdict verdict;
  for (std::size_t t = 0; t < 2; ++t) {
    const float lead = s[t][t] - s[t][1 - t];
    verdict.own[t] = 1.0F / (1.0F + std::exp(-lead));
    if (!Finite(s, t))
      verdict.status[t] = Status::kNotFinite;
    else if (verdict.own[t] == 0.5F)
      verdict.status[t] = Status::kTie;
    verdict.statement[t] =
        verdict.status[t] == Status::kOk && verdict.own[t] > 0.5F;
  }
  const bool finite = Finite(s, 0) && Finite(s, 1);
  verdict.correct = verdict.statement[0] && verdict.statement[1];
  verdict.text = finite && s[0][0] > s[1][0] && s[1][1] > s[0][1];
  verdict.group = verdict.correct && verdict.text;
  // In double: the sums of four float32 are exact enough not to tie by chance.
  verdict.diagonal = finite && double{s[0][0]} + double{s[1][1]} >
                                   double{s[0][1]} + double{s[1][0]};
  return verdict;
}

Texts StatementTexts(const Benchmark& benchmark, const TextOptions& options) {
  Texts texts;
  std::map<std::string, std::size_t> known;
  for (const Question& item : benchmark.items)
    texts.of_item.push_back(
        {IndexOf(options.prompt + item.statement, known, texts.unique)});
  return texts;
}

Texts OptionTexts(const Benchmark& benchmark, const TextOptions& options) {
  Texts texts;
  std::map<std::string, std::size_t> known;
  for (const Question& item : benchmark.items) {
    std::string before = options.prompt;
    if (options.question && !item.question.empty())
      before += item.question + " ";
    texts.of_item.emplace_back();
    for (const std::string& option : item.options)
      texts.of_item.back().push_back(
          IndexOf(before + option, known, texts.unique));
  }
  return texts;
}

Result ScoreStatements(const Benchmark& benchmark,
                       const Embeddings& pictures,
                       const Texts& texts,
                       const Embeddings& text_rows,
                       const LogitScale& logit) {
  EYECHART_CHECK(benchmark.has_statements(), "no pairs of statements");
  Result result;
  result.scoring = Scoring::kStatements;
  result.items.resize(benchmark.items.size());
  for (const auto& pair : benchmark.pairs) {
    PairLogits logits;
    bool readable = true;
    for (std::size_t t = 0; t < 2; ++t) {
      for (std::size_t i = 0; i < 2; ++i)
        logits[t][i] = Logit(pictures, benchmark.items[pair[i]].picture,
                             text_rows, texts.of_item[pair[t]].front(), logit);
      readable &= pictures.problem[benchmark.items[pair[t]].picture].empty();
    }
    const PairVerdict verdict = JudgePair(logits);
    for (std::size_t t = 0; t < 2; ++t) {
      const auto id = [&](std::size_t i) {
        return benchmark.pictures[benchmark.items[pair[i]].picture].id;
      };
      Outcome& outcome = result.items[pair[t]];
      outcome.truth = id(t);
      outcome.status = readable ? verdict.status[t] : Status::kUnreadable;
      outcome.correct = verdict.statement[t];
      if (outcome.status == Status::kOk)
        outcome.prediction = id(verdict.statement[t] ? t : 1 - t);
      outcome.score = verdict.own[t];
    }
    result.pairs.push_back({.correct = verdict.correct,
                            .text = verdict.text,
                            .group = verdict.group,
                            .diagonal = verdict.diagonal});
  }
  return result;
}

Result ScoreOptions(const Benchmark& benchmark,
                    const Embeddings& pictures,
                    const Texts& texts,
                    const Embeddings& text_rows,
                    const LogitScale& logit) {
  EYECHART_CHECK(benchmark.has_options(), "items without options");
  Result result;
  result.scoring = Scoring::kOptions;
  for (std::size_t i = 0; i < benchmark.items.size(); ++i) {
    const Question& item = benchmark.items[i];
    const auto right = static_cast<std::size_t>(item.answer);
    std::vector<float> logits;
    for (const std::size_t text : texts.of_item[i])
      logits.push_back(Logit(pictures, item.picture, text_rows, text, logit));
    Outcome outcome;
    outcome.truth = OptionMark(item.answer);
    if (!pictures.problem[item.picture].empty()) {
      outcome.status = Status::kUnreadable;
    } else if (!std::all_of(logits.begin(), logits.end(),
                            [](float s) { return std::isfinite(s); })) {
      outcome.status = Status::kNotFinite;
    } else {
      const auto best = std::max_element(logits.begin(), logits.end());
      if (std::count(logits.begin(), logits.end(), *best) > 1)
        outcome.status = Status::kTie;
      else
        outcome.prediction =
            OptionMark(static_cast<int>(best - logits.begin()));
      const float own = logits[right];
      logits.erase(logits.begin() + item.answer);
      const float other = *std::max_element(logits.begin(), logits.end());
      outcome.score = double{own} - double{other};
      outcome.correct = own > other;
    }
    result.items.push_back(outcome);
  }
  JoinPairs(benchmark, result);
  return result;
}

}  // namespace eyechart::multiple_choice
