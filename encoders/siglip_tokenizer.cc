#include "encoders/siglip_tokenizer.h"

#include <algorithm>
#include <string>

#include "core/error.h"
#include "core/json.h"
#include "encoders/tokenizer_files.h"

namespace eyechart::encoders {
namespace {

namespace fs = std::filesystem;

using Tokenizer = std::variant<SentencePieceTokenizer, FastTokenizer>;

Json ReadTokenizerConfig(const fs::path& folder) {
  return ReadOptionalObject(folder / "tokenizer_config.json")
      .value_or(Json::object());
}

std::string ClassName(const Json& config, const fs::path& folder) {
  auto name =
      JsonGetOr<std::string>(config, "tokenizer_class", "SiglipTokenizer",
                             (folder / "tokenizer_config.json").string());
  if (name.ends_with("Fast")) name.resize(name.size() - 4);
  return name;
}

// Whether the class is Gemma's or made of it.
bool IsGemma(const std::string& name) {
  const FastTokenizerClass as = FastTokenizerClassOf(name);
  return as == FastTokenizerClass::kGemma || as == FastTokenizerClass::kSiglip2;
}

Tokenizer Read(const fs::path& folder) {
  const std::string name = ClassName(ReadTokenizerConfig(folder), folder);
  const bool has_pieces = fs::is_regular_file(folder / "spiece.model");
  const bool has_json = fs::is_regular_file(folder / "tokenizer.json");
  EYECHART_REQUIRE(has_pieces || has_json,
                   "{}: no tokenizer; there should be spiece.model or "
                   "tokenizer.json",
                   folder.string());
  if (has_pieces && name == "SiglipTokenizer")
    return Tokenizer(std::in_place_index<0>, folder);
  EYECHART_REQUIRE(has_json,
                   "{}: spiece.model is read as SiglipTokenizer reads it, but "
                   "tokenizer_config.json names {}, which needs a "
                   "tokenizer.json",
                   folder.string(), name);
  return Tokenizer(std::in_place_index<1>, folder, FastTokenizerClassOf(name));
}

}  // namespace

SiglipTokenizer::SiglipTokenizer(const fs::path& folder, std::int64_t pad_id)
    : tokenizer_(Read(folder)), pad_id_(pad_id) {
  const std::string source = (folder / "tokenizer_config.json").string();
  const Json config = ReadTokenizerConfig(folder);
  const bool gemma = IsGemma(ClassName(config, folder));
  if (const auto* pieces = std::get_if<0>(&tokenizer_)) {
    pad_id_ = pieces->pad_id();
  } else if (const auto it = config.find("pad_token");
             it != config.end() && !it->is_null()) {
    pad_id_ = std::get<1>(tokenizer_).IdOf(ReadAddedToken(*it, source).content);
  } else if (gemma) {
    pad_id_ = std::get<1>(tokenizer_).IdOf("<pad>");
  }
  // "No limit" is written as a number beyond any integer.
  model_max_length_ = JsonGetOr<double>(config, "model_max_length", 0, source);
  if (const auto it = config.find("model_input_names"); it != config.end()) {
    EYECHART_REQUIRE(it->is_array(),
                     "{}: \"model_input_names\" should be a list", source);
    has_mask_ =
        std::find(it->begin(), it->end(), "attention_mask") != it->end();
  }
  const auto side = [&](const char* key, const char* otherwise) {
    auto value = JsonGetOr<std::string>(config, key, otherwise, source);
    EYECHART_REQUIRE(value == "right" || value == "left",
                     "{}: \"{}\" is \"{}\"; it should be left or right", source,
                     key, value);
    return value == "left";
  };
  pads_left_ = side("padding_side", gemma ? "left" : "right");
  EYECHART_REQUIRE(!side("truncation_side", "right"),
                   "{}: texts that lose their beginning are not supported; "
                   "\"truncation_side\" should be right",
                   source);
}

std::vector<std::int64_t> SiglipTokenizer::Encode(
    std::string_view text, std::int64_t max_length) const {
  return std::visit(
      [&](const auto& tokenizer) { return tokenizer.Encode(text, max_length); },
      tokenizer_);
}

std::int64_t SiglipTokenizer::Length(std::int64_t fallback) const {
  const auto most = static_cast<double>(fallback);
  return model_max_length_ >= 1 && model_max_length_ < most
             ? static_cast<std::int64_t>(model_max_length_)
             : fallback;
}

}  // namespace eyechart::encoders
