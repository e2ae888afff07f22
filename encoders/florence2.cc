#include "encoders/florence2.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/full.h>
#include <ATen/ops/gather.h>
#include <ATen/ops/logsumexp.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "core/error.h"
#include "encoders/bart.h"
#include "encoders/byte_level_tokenizer.h"
#include "encoders/florence2_layouts.h"
#include "encoders/florence2_projector.h"
#include "encoders/florence2_prompts.h"
#include "encoders/florence2_vision.h"
#include "encoders/token_search.h"
#include "encoders/weights.h"

namespace eyechart::encoders {
namespace {

using Ids = std::vector<std::int64_t>;

// Rows of logits made at once: bounds memory, a row being the vocabulary's.
constexpr std::int64_t kLogitRows = 256;

// `rows` behind one another, filled up with `fill` to the longest.
at::Tensor Padded(const std::vector<Ids>& rows, std::int64_t fill) {
  std::size_t longest = 0;
  for (const Ids& row : rows) longest = std::max(longest, row.size());
  at::Tensor ids = at::full({static_cast<std::int64_t>(rows.size()),
                             static_cast<std::int64_t>(longest)},
                            fill, at::kLong);
  std::int64_t* data = ids.mutable_data_ptr<std::int64_t>();
  for (const Ids& row : rows) {
    std::copy(row.begin(), row.end(), data);
    data += longest;
  }
  return ids;
}

// What the encoder made of some prompts.
struct Context {
  at::Tensor tokens;               // (N, S, D)
  std::optional<at::Tensor> mask;  // bool (N, 1, 1, S); none: no padding
};

// BART's decoder as a search asks it.
class Writer : public TokenScorer {
 public:
  Writer(const Bart& bart, const Context& context)
      : bart_(bart), memory_(bart.Begin(context.tokens, context.mask)) {}

  at::Tensor Next(const at::Tensor& tokens) override {
    return bart_.Logits(Write(tokens)).cpu();
  }

  std::vector<std::int64_t> NextBest(const at::Tensor& tokens,
                                     const std::vector<Ids>& banned) override {
    const at::Tensor hidden = Write(tokens);
    if (auto best = bart_.Best(hidden, banned)) return *std::move(best);
    return BestOf(bart_.Logits(hidden).cpu(), banned);
  }

  void Reorder(const at::Tensor& rows) override {
    Bart::Reorder(rows, memory_);
  }

 private:
  at::Tensor Write(const at::Tensor& tokens) {
    return bart_.Write(tokens.unsqueeze(1), /*keep=*/true, memory_).squeeze(1);
  }

  const Bart& bart_;
  Bart::Memory memory_;
};

class Florence2 : public Captioner {
 public:
  Florence2(WeightStore& weights,
            const Checkpoint& checkpoint,
            const std::string& prefix,
            const Placement& placement)
      : Florence2(weights,
                  checkpoint,
                  prefix,
                  LoadFlorence2Tower(weights, checkpoint, placement),
                  checkpoint.config.value("vision_config", Json::object()),
                  checkpoint.config.value("text_config", Json::object()),
                  placement) {}

  at::Tensor Look(const at::Tensor& pixels) override {
    const c10::InferenceMode inference;
    EncodeRequest request;
    request.feature_map = true;
    return projector_.Forward(tower_->Encode(pixels, request).feature_map);
  }

  std::vector<WrittenAnswer> Write(const at::Tensor& pictures,
                                   std::span<const PicturePrompt> prompts,
                                   const GenerationOptions& asked) override {
    const c10::InferenceMode inference;
    if (prompts.empty()) return {};
    const Context context = Read(pictures, prompts);
    GenerationOptions options = asked;
    options.max_new_tokens =
        std::min(options.max_new_tokens, bart_.positions() - 1);
    Writer writer(bart_, context);
    std::vector<WrittenAnswer> answers;
    for (WrittenTokens& written : SearchTokens(
             writer, static_cast<std::int64_t>(prompts.size()), options)) {
      WrittenAnswer answer;
      answer.text = tokenizer_.Decode(written.ids, /*skip_special=*/true);
      answer.marked = tokenizer_.Decode(written.ids, /*skip_special=*/false);
      answer.ids = std::move(written.ids);
      answer.score = written.score;
      answers.push_back(std::move(answer));
    }
    return answers;
  }

  std::vector<std::vector<AnswerLikelihood>> Likelihoods(
      const at::Tensor& pictures,
      std::span<const PicturePrompt> prompts,
      std::span<const std::vector<std::string>> answers) override {
    const c10::InferenceMode inference;
    EYECHART_CHECK(prompts.size() == answers.size(), "answers a prompt");
    if (prompts.empty()) return {};
    // As many rows a prompt, for the decoder: short lists get a row of one
    // token.
    std::size_t most = 0;
    for (const auto& list : answers) most = std::max(most, list.size());
    std::vector<Ids> rows;
    for (const auto& list : answers)
      for (std::size_t i = 0; i < most; ++i)
        rows.push_back(i < list.size() ? AnswerIds(list[i])
                                       : Ids{tokenizer_.end_id()});
    const std::vector<double> sums = Sums(Read(pictures, prompts), rows);
    std::vector<std::vector<AnswerLikelihood>> result;
    for (std::size_t p = 0; p < answers.size(); ++p) {
      result.emplace_back();
      for (std::size_t i = 0; i < answers[p].size(); ++i) {
        const std::size_t row = p * most + i;
        result.back().push_back(
            {sums[row], static_cast<std::int64_t>(rows[row].size())});
      }
    }
    return result;
  }

  const GenerationOptions& generation() const override { return generation_; }

  Florence2Answer ParseAnswer(const WrittenAnswer& answer,
                              AnswerForm form,
                              int width,
                              int height) const override {
    return ParseFlorence2Answer(answer.marked, form, width, height, rules_);
  }

 private:
  Florence2(WeightStore& weights,
            const Checkpoint& checkpoint,
            const std::string& prefix,
            std::unique_ptr<ImageEncoder> tower,
            const Json& vision,
            const Json& text,
            const Placement& placement)
      : tower_(std::move(tower)),
        projector_(
            weights,
            ConfigReader(vision,
                         checkpoint.config_source + ": \"vision_config\""),
            prefix + "multi_modal_projector.",
            tower_->info().token_width,
            placement),
        bart_(
            weights,
            ConfigReader(text, checkpoint.config_source + ": \"text_config\""),
            prefix + "language_model.",
            "lm_head.weight",
            placement),
        tokenizer_(checkpoint.folder, Florence2Tokens()),
        generation_(ReadGenerationOptions(checkpoint)),
        rules_(ReadAnswerRules(checkpoint.folder)),
        folder_(checkpoint.folder.string()),
        device_(placement.device) {
    EYECHART_REQUIRE(projector_.outputs() == bart_.width(),
                     "{}: \"projection_dim\" is {} and the language model's "
                     "\"d_model\" {}; they should be the same",
                     checkpoint.config_source, projector_.outputs(),
                     bart_.width());
    for (const std::int64_t id : {tokenizer_.start_id(), tokenizer_.end_id()})
      RequireKnown(id);
    // What a search writes without being told to by a logit.
    using Named = std::pair<const char*, std::optional<std::int64_t>>;
    for (const auto& [key, id] :
         {Named{"decoder_start_token_id", generation_.decoder_start_token_id},
          Named{"pad_token_id", generation_.pad_token_id},
          Named{"forced_bos_token_id", generation_.forced_bos_token_id},
          Named{"forced_eos_token_id", generation_.forced_eos_token_id}})
      EYECHART_REQUIRE(!id || *id < bart_.vocabulary(),
                       "{}: \"{}\" is {}; it should be below {}, the number of "
                       "tokens that the language model knows",
                       GenerationSource(checkpoint), key, *id,
                       bart_.vocabulary());
  }

  void RequireKnown(std::int64_t id) const {
    EYECHART_REQUIRE(id >= 0 && id < bart_.vocabulary(),
                     "{}: the tokenizer gives id {}, the language model knows "
                     "{} tokens: they do not belong together",
                     folder_, id, bart_.vocabulary());
  }

  // <s> prompt </s>, as the reference's processor writes it behind the
  // picture's tokens.
  Ids PromptIds(const std::string& prompt) const {
    Ids ids = {tokenizer_.start_id()};
    for (const std::int64_t id :
         tokenizer_.Encode(ExpandFlorence2Prompt(prompt))) {
      RequireKnown(id);
      ids.push_back(id);
    }
    ids.push_back(tokenizer_.end_id());
    return ids;
  }

  Ids AnswerIds(const std::string& answer) const {
    Ids ids = tokenizer_.Encode(answer);
    for (const std::int64_t id : ids) RequireKnown(id);
    ids.push_back(tokenizer_.end_id());
    EYECHART_REQUIRE(
        static_cast<std::int64_t>(ids.size()) + 1 < bart_.positions(),
        "the answer \"{:.40}\" has {} tokens; the model has places for {}",
        answer, ids.size(), bart_.positions() - 2);
    return ids;
  }

  Context Read(const at::Tensor& pictures,
               std::span<const PicturePrompt> prompts) const {
    std::vector<Ids> rows;
    Ids order;
    std::size_t longest = 0;
    for (const PicturePrompt& prompt : prompts) {
      rows.push_back(PromptIds(prompt.text));
      longest = std::max(longest, rows.back().size());
      const std::int64_t all =
          pictures.size(1) + static_cast<std::int64_t>(rows.back().size());
      EYECHART_REQUIRE(all <= bart_.positions(),
                       "the prompt \"{:.40}\" and its picture have {} tokens; "
                       "the model has places for {}",
                       prompt.text, all, bart_.positions());
      order.push_back(prompt.picture);
    }
    const bool same = std::all_of(
        rows.begin(), rows.end(),
        [longest](const Ids& row) { return row.size() == longest; });
    const at::Tensor ids = Padded(rows, generation_.pad_token_id);
    const at::Tensor chosen =
        pictures.index_select(0, Padded({order}, 0)[0].to(pictures.device()));
    Context context;
    if (!same) {
      at::Tensor seen = at::full(
          {ids.size(0), 1, 1, pictures.size(1) + ids.size(1)}, true, at::kBool);
      for (std::size_t i = 0; i < rows.size(); ++i) {
        const std::int64_t used =
            pictures.size(1) + static_cast<std::int64_t>(rows[i].size());
        seen[static_cast<std::int64_t>(i)]
            .narrow(2, used, seen.size(3) - used)
            .fill_(false);
      }
      context.mask = seen.to(device_);
    }
    context.tokens =
        bart_.Read(at::cat({chosen, bart_.Embed(ids)}, 1), context.mask);
    return context;
  }

  // The log-likelihood of each row of `rows`, which are as many a context.
  std::vector<double> Sums(const Context& context,
                           const std::vector<Ids>& rows) const {
    // Row: start of the decoder, <s>, answer. What follows <s> is scored.
    std::vector<Ids> inputs;
    for (const Ids& row : rows) {
      Ids input = {generation_.decoder_start_token_id, tokenizer_.start_id()};
      input.insert(input.end(), row.begin(), row.end() - 1);
      inputs.push_back(std::move(input));
    }
    Bart::Memory memory = bart_.Begin(context.tokens, context.mask);
    const at::Tensor hidden = bart_.Write(
        Padded(inputs, generation_.pad_token_id), /*keep=*/false, memory);
    const at::Tensor wanted = Padded(rows, 0).to(device_);
    const std::int64_t length = wanted.size(1);
    const at::Tensor flat =
        hidden.narrow(1, 1, length).reshape({-1, hidden.size(2)});
    const at::Tensor targets = wanted.reshape({-1, 1});
    std::vector<at::Tensor> parts;
    for (std::int64_t i = 0; i < flat.size(0); i += kLogitRows) {
      const std::int64_t count = std::min(kLogitRows, flat.size(0) - i);
      const at::Tensor logits = bart_.Logits(flat.narrow(0, i, count));
      parts.push_back(at::gather(logits, 1, targets.narrow(0, i, count))
                          .squeeze(1)
                          .sub_(at::logsumexp(logits, 1)));
    }
    const at::Tensor scores = at::cat(parts).cpu().contiguous();
    const float* score = scores.const_data_ptr<float>();
    std::vector<double> sums;
    for (const Ids& row : rows) {
      double sum = 0;
      for (std::size_t k = 0; k < row.size(); ++k)
        sum += static_cast<double>(score[k]);
      sums.push_back(sum);
      score += length;
    }
    return sums;
  }

  std::unique_ptr<ImageEncoder> tower_;
  Florence2Projector projector_;
  Bart bart_;
  ByteLevelTokenizer tokenizer_;
  GenerationOptions generation_;
  AnswerRules rules_;
  std::string folder_;  // for errors
  c10::Device device_;
};

}  // namespace

std::unique_ptr<Captioner> MakeFlorence2Captioner(
    const Checkpoint& checkpoint, const EncoderOptions& options) {
  WeightStore weights(checkpoint, Florence2Layouts());
  const auto has_projector = [&weights](const std::string& prefix) {
    return weights.Has(prefix +
                       "multi_modal_projector.image_projection.weight");
  };
  // Files of the model without its output layer have no outer name.
  const std::string prefix = has_projector("") ? "" : "model.";
  EYECHART_REQUIRE(has_projector(prefix),
                   "{}: the vision tower alone; to write, the projector and "
                   "the language model are needed",
                   checkpoint.name);
  auto model = std::make_unique<Florence2>(weights, checkpoint, prefix,
                                           PlacementOf(options));
  weights.Finish({.prefixes = {}, .suffixes = {}}, options);
  return model;
}

}  // namespace eyechart::encoders
