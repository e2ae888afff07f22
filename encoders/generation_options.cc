#include "encoders/generation_options.h"

#include <array>
#include <cmath>
#include <filesystem>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "core/error.h"
#include "encoders/tokenizer_files.h"

namespace eyechart::encoders {
namespace {

// Keys that change what greedy or beam search writes, with the value that does
// nothing. Those of sampling alone are not among them, nor those of caches and
// of assistants, which leave the tokens as they are. Source: transformers 5.23,
// GenerationConfig and GenerationMixin._get_logits_processor.
struct Neutral {
  std::string_view key;
  double value;
};
constexpr std::array kNeutral = {
    Neutral{"do_sample", 0},
    Neutral{"repetition_penalty", 1},
    Neutral{"encoder_repetition_penalty", 1},
    Neutral{"encoder_no_repeat_ngram_size", 0},
    Neutral{"diversity_penalty", 0},
    Neutral{"num_beam_groups", 1},
    Neutral{"min_length", 0},
    Neutral{"min_new_tokens", 0},
    Neutral{"guidance_scale", 1},
    Neutral{"token_healing", 0},
    Neutral{"penalty_alpha", 0},
    Neutral{"renormalize_logits", 0},
    Neutral{"remove_invalid_values", 0},
};
constexpr std::array<std::string_view, 13> kUnknown = {
    "bad_words_ids",
    "force_words_ids",
    "forced_decoder_ids",
    "suppress_tokens",
    "begin_suppress_tokens",
    "sequence_bias",
    "constraints",
    "exponential_decay_length_penalty",
    "watermarking_config",
    "dola_layers",
    "assistant_ensemble_weight",
    // Where a text ends, other than by a token or its length.
    "stop_strings",
    "max_time",
};

// What a search can work with.
constexpr std::int64_t kMostBeams = 64;
constexpr double kMostLengthPenalty = 100;  // either way

constexpr std::int64_t kMostInteger = std::numeric_limits<std::int64_t>::max();

// Reads the keys of the objects in turn; the first that has one tells.
class Reader {
 public:
  void Add(const Json& object, std::string source) {
    objects_.push_back({&object, std::move(source)});
  }

  const Json* Find(std::string_view key) const {
    source_.clear();
    for (const auto& [object, source] : objects_) {
      const auto it = object->find(std::string(key));
      if (it == object->end() || it->is_null()) continue;
      source_ = source + ": \"" + std::string(key) + "\"";
      return &*it;
    }
    return nullptr;
  }

  std::int64_t Integer(std::string_view key,
                       std::int64_t fallback,
                       std::int64_t least,
                       std::int64_t most = kMostInteger) const {
    const Json* json = Find(key);
    if (json == nullptr) return fallback;
    // From 2^63 on, get() would wrap.
    const bool fits = json->is_number_integer() &&
                      (!json->is_number_unsigned() ||
                       std::in_range<std::int64_t>(json->get<std::uint64_t>()));
    EYECHART_REQUIRE(fits && json->get<std::int64_t>() >= least &&
                         json->get<std::int64_t>() <= most,
                     "{} is {}; it should be an integer from {} to {}", source_,
                     json->dump(), least, most);
    return json->get<std::int64_t>();
  }

  std::optional<std::int64_t> Token(std::string_view key) const {
    if (Find(key) == nullptr) return std::nullopt;
    return Tokens(key, {}).front();
  }

  // A token, or a list of some.
  std::vector<std::int64_t> Tokens(std::string_view key,
                                   std::vector<std::int64_t> fallback) const {
    const Json* json = Find(key);
    if (json == nullptr) return fallback;
    std::vector<std::int64_t> tokens;
    for (const Json& one : json->is_array() ? *json : Json::array({*json})) {
      EYECHART_REQUIRE(one.is_number_integer() && one.get<double>() >= 0 &&
                           one.get<double>() < 1e9,
                       "{} is {}; it should be the id of a token", source_,
                       json->dump());
      tokens.push_back(one.get<std::int64_t>());
    }
    EYECHART_REQUIRE(!tokens.empty(), "{} is empty", source_);
    return tokens;
  }

  double Number(std::string_view key, double fallback) const {
    const Json* json = Find(key);
    if (json == nullptr) return fallback;
    EYECHART_REQUIRE(json->is_number() || json->is_boolean(),
                     "{} is {}; it should be a number", source_, json->dump());
    return json->is_boolean() ? json->get<bool>() : json->get<double>();
  }

  const std::string& source() const { return source_; }

 private:
  struct Object {
    const Json* object;
    std::string source;
  };
  std::vector<Object> objects_;
  mutable std::string source_;  // of what was found last
};

EarlyStopping ReadEarlyStopping(const Reader& reader) {
  const Json* json = reader.Find("early_stopping");
  if (json == nullptr) return EarlyStopping::kNo;
  if (json->is_boolean())
    return json->get<bool>() ? EarlyStopping::kYes : EarlyStopping::kNo;
  EYECHART_REQUIRE(*json == "never",
                   "{} is {}; it should be true, false or \"never\"",
                   reader.source(), json->dump());
  return EarlyStopping::kNever;
}

void RequireKnown(const Reader& reader) {
  for (const Neutral& neutral : kNeutral)
    EYECHART_REQUIRE(
        reader.Number(neutral.key, neutral.value) == neutral.value,
        "{} is {}, which eyechart does not know how to do; it should be {}",
        reader.source(), reader.Number(neutral.key, neutral.value),
        neutral.value);
  for (const std::string_view key : kUnknown) {
    const Json* json = reader.Find(key);
    EYECHART_REQUIRE(json == nullptr || json->empty(),
                     "{} is set, which eyechart does not know how to do; it "
                     "should be absent",
                     reader.source());
  }
}

std::filesystem::path GenerationFile(const Checkpoint& checkpoint) {
  return checkpoint.folder / "generation_config.json";
}

}  // namespace

std::string GenerationSource(const Checkpoint& checkpoint) {
  return std::filesystem::is_regular_file(GenerationFile(checkpoint))
             ? GenerationFile(checkpoint).string()
             : checkpoint.config_source;
}

GenerationOptions ReadGenerationOptions(const Checkpoint& checkpoint) {
  const std::optional<Json> file =
      ReadOptionalObject(GenerationFile(checkpoint));
  const auto text = checkpoint.config.find("text_config");
  Reader reader;
  if (file) {
    reader.Add(*file, GenerationFile(checkpoint).string());
  } else {
    reader.Add(checkpoint.config, checkpoint.config_source);
    if (text != checkpoint.config.end() && text->is_object())
      reader.Add(*text, checkpoint.config_source + ": \"text_config\"");
  }
  RequireKnown(reader);

  GenerationOptions options;
  options.num_beams =
      reader.Integer("num_beams", options.num_beams, 1, kMostBeams);
  options.length_penalty =
      reader.Number("length_penalty", options.length_penalty);
  EYECHART_REQUIRE(std::abs(options.length_penalty) <= kMostLengthPenalty,
                   "{} is {}; it should be from {} to {}", reader.source(),
                   options.length_penalty, -kMostLengthPenalty,
                   kMostLengthPenalty);
  options.early_stopping = ReadEarlyStopping(reader);
  options.no_repeat_ngram_size =
      reader.Integer("no_repeat_ngram_size", options.no_repeat_ngram_size, 0);
  options.forced_bos_token_id = reader.Token("forced_bos_token_id");
  options.forced_eos_token_id = reader.Token("forced_eos_token_id");
  // The older key counts the start token; it is nothing beside the newer one.
  if (reader.Find("max_new_tokens") == nullptr)
    options.max_new_tokens =
        reader.Integer("max_length", options.max_new_tokens + 1, 2) - 1;
  options.max_new_tokens =
      reader.Integer("max_new_tokens", options.max_new_tokens, 1);
  options.decoder_start_token_id =
      reader.Token("decoder_start_token_id")
          .value_or(options.decoder_start_token_id);
  options.eos_token_ids = reader.Tokens("eos_token_id", options.eos_token_ids);
  options.pad_token_id =
      reader.Token("pad_token_id").value_or(options.pad_token_id);
  RequireUsable(options);
  return options;
}

void RequireUsable(const GenerationOptions& options) {
  EYECHART_REQUIRE(options.num_beams >= 1 && options.num_beams <= kMostBeams,
                   "num_beams {}: should be from 1 to {}", options.num_beams,
                   kMostBeams);
  EYECHART_REQUIRE(options.max_new_tokens >= 1,
                   "max_new_tokens {}: should be at least 1",
                   options.max_new_tokens);
  EYECHART_REQUIRE(options.no_repeat_ngram_size >= 0,
                   "no_repeat_ngram_size {}: should be at least 0",
                   options.no_repeat_ngram_size);
  EYECHART_REQUIRE(std::abs(options.length_penalty) <= kMostLengthPenalty,
                   "length_penalty {}: should be from {} to {}",
                   options.length_penalty, -kMostLengthPenalty,
                   kMostLengthPenalty);
}

}  // namespace eyechart::encoders
