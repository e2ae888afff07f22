#include "encoders/token_search.h"

#include <ATen/ops/argmax.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/topk.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include "core/error.h"

namespace eyechart::encoders {
namespace {

using Tokens = std::vector<std::int64_t>;  // of one row, start token included

constexpr float kMinusInfinity = -std::numeric_limits<float>::infinity();

// The reference's stand-in for a beam that cannot be.
constexpr float kImpossible = -1.0e9F;

at::Tensor LongTensor(const std::vector<std::int64_t>& values) {
  return at::tensor(values, at::kLong);
}

bool IsEnd(std::int64_t token, const GenerationOptions& options) {
  return std::find(options.eos_token_ids.begin(), options.eos_token_ids.end(),
                   token) != options.eos_token_ids.end();
}

// What may not follow `row`: the last token of every earlier run of `size`
// whose others are the row's end. None for a size of 0.
Tokens Repeated(const Tokens& row, std::int64_t size) {
  Tokens repeated;
  if (size == 0) return repeated;
  const auto length = static_cast<std::int64_t>(row.size());
  const std::int64_t prefix = length - (size - 1);
  for (std::int64_t i = 0; i + size <= length; ++i)
    if (std::equal(row.begin() + i, row.begin() + i + size - 1,
                   row.begin() + prefix))
      repeated.push_back(row[static_cast<std::size_t>(i + size - 1)]);
  return repeated;
}

// The token that the options force behind `row`, if any. The start token counts
// in the length.
std::optional<std::int64_t> Forced(const Tokens& row,
                                   const GenerationOptions& options) {
  const auto length = static_cast<std::int64_t>(row.size());
  if (options.forced_eos_token_id && length == options.max_new_tokens)
    return options.forced_eos_token_id;
  if (options.forced_bos_token_id && length == 1)
    return options.forced_bos_token_id;
  return std::nullopt;
}

// The options' changes to `scores` (V) of what follows `row`.
void Process(const Tokens& row,
             const GenerationOptions& options,
             float* scores,
             std::int64_t vocabulary) {
  for (const std::int64_t token : Repeated(row, options.no_repeat_ngram_size))
    scores[token] = kMinusInfinity;
  const std::optional<std::int64_t> token = Forced(row, options);
  if (!token) return;
  EYECHART_REQUIRE(*token < vocabulary,
                   "the forced token {} is none of the {} tokens", *token,
                   vocabulary);
  std::fill_n(scores, vocabulary, kMinusInfinity);
  scores[*token] = 0;
}

// `scores` (R, V) of a scorer, changed in place.
void ProcessRows(const std::vector<Tokens>& rows,
                 const GenerationOptions& options,
                 const at::Tensor& scores) {
  float* data = scores.mutable_data_ptr<float>();
  for (const Tokens& row : rows) {
    Process(row, options, data, scores.size(1));
    data += scores.size(1);
  }
}

std::vector<WrittenTokens> Greedy(TokenScorer& scorer,
                                  std::int64_t prompts,
                                  const GenerationOptions& options) {
  const auto count = static_cast<std::size_t>(prompts);
  std::vector<Tokens> rows(count, {options.decoder_start_token_id});
  std::vector<bool> done(count, false);
  std::vector<WrittenTokens> written(count);
  std::vector<std::int64_t> last(count, options.decoder_start_token_id);
  std::size_t open = count;
  for (std::int64_t step = 0; step < options.max_new_tokens && open > 0;
       ++step) {
    std::vector<Tokens> banned;
    for (const Tokens& row : rows)
      banned.push_back(Repeated(row, options.no_repeat_ngram_size));
    const Tokens best = scorer.NextBest(LongTensor(last), banned);
    for (std::size_t i = 0; i < count; ++i) {
      const std::int64_t token =
          done[i] ? options.pad_token_id
                  : Forced(rows[i], options).value_or(best[i]);
      last[i] = token;
      rows[i].push_back(token);
      if (done[i]) continue;
      written[i].ids.push_back(token);
      if (IsEnd(token, options)) {
        done[i] = true;
        --open;
      }
    }
  }
  return written;
}

// The beams of one prompt. Sums and comparisons are the reference's, in
// float32 as there, so that near ties fall the same way.
class Beams {
 public:
  explicit Beams(const GenerationOptions& options)
      : options_(options), running_(Count()), finished_(Count()) {
    for (std::size_t i = 0; i < Count(); ++i) {
      running_[i].tokens = {options.decoder_start_token_id};
      // All beams are the same at first: only one may go on.
      running_[i].score = i == 0 ? 0 : kImpossible;
      finished_[i].score = kImpossible;
    }
  }

  const Tokens& tokens(std::size_t beam) const { return running_[beam].tokens; }
  float score(std::size_t beam) const { return running_[beam].score; }
  // The row that each beam's token before the last was in.
  std::int64_t origin(std::size_t beam) const { return running_[beam].origin; }

  // Takes the best continuations: their summed log-likelihoods, best first, as
  // entries beam * vocabulary + token.
  void Advance(const float* scores,
               const std::int64_t* entries,
               std::size_t kept,
               std::int64_t vocabulary) {
    const std::size_t length = running_.front().tokens.size();
    const bool last =
        static_cast<std::int64_t>(length) == options_.max_new_tokens;
    std::vector<Beam> next;
    all_end_ = true;
    for (std::size_t i = 0; i < kept; ++i) {
      const auto from = static_cast<std::size_t>(entries[i] / vocabulary);
      Beam beam;
      beam.origin = static_cast<std::int64_t>(from);
      beam.tokens = running_[from].tokens;
      beam.tokens.push_back(entries[i] % vocabulary);
      beam.score = scores[i];
      beam.ended = last || IsEnd(beam.tokens.back(), options_);
      all_end_ = all_end_ && beam.ended;
      next.push_back(std::move(beam));
    }
    const bool full = options_.early_stopping == EarlyStopping::kYes && Full();
    for (std::size_t i = 0; i < Count() && i < kept; ++i)
      if (next[i].ended && !full && improvable_) Finish(next[i], length);
    KeepRunning(std::move(next));
    improvable_ = improvable_ && CanImprove();
  }

  bool improvable() const { return improvable_; }
  bool full() const { return Full(); }
  bool all_end() const { return all_end_; }

  WrittenTokens Best() const {
    const Beam& best = finished_.front();
    WrittenTokens written;
    written.score = static_cast<double>(best.score);
    if (!best.tokens.empty())
      written.ids.assign(best.tokens.begin() + 1, best.tokens.end());
    return written;
  }

 private:
  struct Beam {
    Tokens tokens;
    float score = 0;
    std::int64_t origin = 0;
    bool ended = false;
  };

  std::size_t Count() const {
    return static_cast<std::size_t>(options_.num_beams);
  }

  float Penalized(float score, std::int64_t length) const {
    return score / static_cast<float>(std::pow(static_cast<double>(length),
                                               options_.length_penalty));
  }

  bool Full() const {
    return std::all_of(finished_.begin(), finished_.end(),
                       [](const Beam& beam) { return beam.ended; });
  }

  // `length` new tokens; the best num_beams stay, in order.
  void Finish(const Beam& beam, std::size_t length) {
    Beam done = beam;
    done.score = Penalized(beam.score, static_cast<std::int64_t>(length));
    const auto place = std::upper_bound(
        finished_.begin(), finished_.end(), done,
        [](const Beam& a, const Beam& b) { return a.score > b.score; });
    if (place == finished_.end()) return;
    finished_.insert(place, std::move(done));
    finished_.pop_back();
  }

  void KeepRunning(std::vector<Beam> next) {
    for (Beam& beam : next)
      if (beam.ended) beam.score += kImpossible;
    std::stable_sort(
        next.begin(), next.end(),
        [](const Beam& a, const Beam& b) { return a.score > b.score; });
    next.resize(Count());
    running_ = std::move(next);
  }

  // Whether an open beam could still be better than the worst finished one.
  bool CanImprove() const {
    const auto length =
        static_cast<std::int64_t>(running_.front().tokens.size()) - 1;
    const bool longest = options_.early_stopping == EarlyStopping::kNever &&
                         options_.length_penalty > 0;
    const float best = Penalized(running_.front().score,
                                 longest ? options_.max_new_tokens : length);
    return best > (Full() ? finished_.back().score : kImpossible);
  }

  const GenerationOptions& options_;
  std::vector<Beam> running_;
  std::vector<Beam> finished_;  // best first
  bool improvable_ = true;
  bool all_end_ = false;
};

bool AnyGoesOn(const std::vector<Beams>& prompts,
               const GenerationOptions& options) {
  bool improvable = false, full = true, all_end = true;
  for (const Beams& beams : prompts) {
    improvable = improvable || beams.improvable();
    full = full && beams.full();
    all_end = all_end && beams.all_end();
  }
  return improvable && !all_end &&
         !(full && options.early_stopping == EarlyStopping::kYes);
}

std::vector<WrittenTokens> BeamSearch(TokenScorer& scorer,
                                      std::int64_t prompts,
                                      const GenerationOptions& options) {
  const std::int64_t beams = options.num_beams;
  const auto ends = static_cast<std::int64_t>(options.eos_token_ids.size());
  // So many that some stay open even if every beam could end in every way.
  const std::int64_t kept = std::max<std::int64_t>(2, 1 + ends) * beams;
  std::vector<Beams> all(static_cast<std::size_t>(prompts), Beams(options));
  const auto count = static_cast<std::size_t>(beams);
  std::vector<std::int64_t> last(static_cast<std::size_t>(prompts) * count,
                                 options.decoder_start_token_id);
  std::vector<Tokens> rows(last.size());
  do {
    at::Tensor scores = at::log_softmax(scorer.Next(LongTensor(last)), 1);
    const std::int64_t vocabulary = scores.size(1);
    for (std::size_t i = 0; i < rows.size(); ++i)
      rows[i] = all[i / count].tokens(i % count);
    ProcessRows(rows, options, scores);
    std::vector<float> sums(rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i)
      sums[i] = all[i / count].score(i % count);
    scores.add_(at::tensor(sums).unsqueeze(1));
    const auto [best, entries] =
        at::topk(scores.view({prompts, beams * vocabulary}),
                 std::min(kept, beams * vocabulary));
    std::vector<std::int64_t> origins(rows.size());
    for (std::size_t p = 0; p < all.size(); ++p) {
      const auto row = static_cast<std::int64_t>(p);
      all[p].Advance(best[row].const_data_ptr<float>(),
                     entries[row].const_data_ptr<std::int64_t>(),
                     static_cast<std::size_t>(best.size(1)), vocabulary);
      for (std::size_t beam = 0; beam < count; ++beam) {
        const std::size_t i = p * count + beam;
        last[i] = all[p].tokens(beam).back();
        origins[i] = static_cast<std::int64_t>(p * count) + all[p].origin(beam);
      }
    }
    if (!AnyGoesOn(all, options)) break;
    bool moved = false;
    for (std::size_t i = 0; i < origins.size(); ++i)
      moved = moved || origins[i] != static_cast<std::int64_t>(i);
    if (moved) scorer.Reorder(LongTensor(origins));
  } while (true);
  std::vector<WrittenTokens> written;
  for (const Beams& one : all) written.push_back(one.Best());
  return written;
}

}  // namespace

std::vector<std::int64_t> TokenScorer::NextBest(
    const at::Tensor& tokens,
    const std::vector<std::vector<std::int64_t>>& banned) {
  return BestOf(Next(tokens), banned);
}

std::vector<std::int64_t> TokenScorer::BestOf(
    const at::Tensor& logits,
    const std::vector<std::vector<std::int64_t>>& banned) {
  const at::Tensor scores = logits.contiguous();
  float* data = scores.mutable_data_ptr<float>();
  for (const std::vector<std::int64_t>& row : banned) {
    for (const std::int64_t token : row) data[token] = kMinusInfinity;
    data += scores.size(1);
  }
  const at::Tensor best = at::argmax(scores, 1);
  const auto* ids = best.const_data_ptr<std::int64_t>();
  return {ids, ids + best.numel()};
}

std::vector<WrittenTokens> SearchTokens(TokenScorer& scorer,
                                        std::int64_t prompts,
                                        const GenerationOptions& options) {
  const c10::InferenceMode inference;
  RequireUsable(options);
  EYECHART_CHECK(prompts >= 1, "no prompts");
  return options.num_beams == 1 ? Greedy(scorer, prompts, options)
                                : BeamSearch(scorer, prompts, options);
}

}  // namespace eyechart::encoders
