#include "encoders/fast_tokenizer.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "core/error.h"
#include "core/json.h"
#include "encoders/tokenizer_files.h"

namespace eyechart::encoders {
namespace {

namespace fs = std::filesystem;

constexpr std::array kNamed = {"bos_token", "eos_token", "unk_token",
                               "sep_token", "pad_token", "cls_token",
                               "mask_token"};

// Null where `json` is no object or lacks `key`.
const Json& Part(const Json& json, std::string_view key) {
  static const Json none;
  const auto it = json.find(key);
  return it == json.end() ? none : *it;
}

Unigram ReadUnigram(const Json& model, const std::string& source) {
  std::vector<UnigramPiece> pieces;
  for (const Json& entry : model.at("vocab")) {
    EYECHART_REQUIRE(entry.is_array() && entry.size() == 2 &&
                         entry[0].is_string() && entry[1].is_number(),
                     "{}: the vocabulary's entry {} is {}; it should be a text "
                     "and a number",
                     source, pieces.size(), entry.dump());
    pieces.push_back({entry[0].get<std::string>(), entry[1].get<double>()});
  }
  UnigramOptions options;
  if (!Part(model, "unk_id").is_null())
    options.unknown = JsonGet<std::int64_t>(model, "unk_id", source);
  options.byte_fallback =
      JsonGetOr<bool>(model, "byte_fallback", false, source);
  return Unigram(std::move(pieces), options, source);
}

CharacterPairEncoding ReadPairs(const Json& model, const std::string& source) {
  for (const char* affix : {"continuing_subword_prefix", "end_of_word_suffix"})
    EYECHART_REQUIRE(JsonGetOr<std::string>(model, affix, "", source).empty(),
                     "{}: \"{}\" is \"{}\", which is not supported in a "
                     "byte-pair model over characters; it should be null",
                     source, affix, Part(model, affix).dump());
  EYECHART_REQUIRE(JsonGetOr<double>(model, "dropout", 0, source) == 0,
                   "{}: \"dropout\" is {}; merges that are left out at random "
                   "are not supported, it should be null",
                   source, Part(model, "dropout").dump());
  CharacterPairOptions options;
  if (!Part(model, "unk_token").is_null())
    options.unknown = JsonGet<std::string>(model, "unk_token", source);
  options.fuse_unknown = JsonGetOr<bool>(model, "fuse_unk", false, source);
  options.byte_fallback =
      JsonGetOr<bool>(model, "byte_fallback", false, source);
  options.ignore_merges =
      JsonGetOr<bool>(model, "ignore_merges", false, source);
  return CharacterPairEncoding(ReadVocabulary(model.at("vocab"), source),
                               ReadMerges(model.at("merges"), source), options,
                               source);
}

// A vocabulary that is a list has scores; one that is an object has merges.
std::variant<Unigram, CharacterPairEncoding> ReadModel(
    const Json& tokenizer, const std::string& source) {
  const Json& model = Part(tokenizer, "model");
  const Json& vocabulary = Part(model, "vocab");
  if (vocabulary.is_object() && Part(model, "merges").is_array())
    return ReadPairs(model, source);
  EYECHART_REQUIRE(vocabulary.is_array(),
                   "{}: no Unigram model, whose \"vocab\" is a list of pieces "
                   "with their scores, and no byte-pair model with \"vocab\" "
                   "and \"merges\"",
                   source);
  return ReadUnigram(model, source);
}

Json Replacement(const char* from, const char* to) {
  return {
      {"type", "Replace"}, {"pattern", {{"String", from}}}, {"content", to}};
}

Json SequenceOf(const char* parts, const Json& first, const Json& second) {
  return {{"type", "Sequence"}, {parts, Json::array({first, second})}};
}

// The first table of replacements of a normaliser, or null.
Json FindPrecompiled(const Json& normalizer) {
  const Json& parts = Part(normalizer, "normalizers");
  for (const Json& part : parts.is_array() ? parts : Json::array({normalizer}))
    if (part.is_object() && Part(part, "type") == "Precompiled" &&
        Part(part, "precompiled_charsmap").is_string())
      return part;
  return {};
}

// The special tokens that a class has where the files name none.
Json DefaultTokens(FastTokenizerClass as) {
  switch (as) {
    case FastTokenizerClass::kGemma:
    case FastTokenizerClass::kSiglip2:
      return {{"bos_token", "<bos>"},
              {"eos_token", "<eos>"},
              {"unk_token", "<unk>"},
              {"pad_token", "<pad>"},
              {"mask_token", "<mask>"}};
    case FastTokenizerClass::kXlmRoberta:
      return {{"bos_token", "<s>"},    {"eos_token", "</s>"},
              {"unk_token", "<unk>"},  {"sep_token", "</s>"},
              {"pad_token", "<pad>"},  {"cls_token", "<s>"},
              {"mask_token", "<mask>"}};
    case FastTokenizerClass::kAsItStands:
      break;
  }
  return Json::object();
}

// Sources: GemmaTokenizer and Siglip2Tokenizer of transformers 5.
void RebuildAsGemma(bool lower_case,
                    const std::string& unknown,
                    const std::string& source,
                    Json& tokenizer) {
  EYECHART_REQUIRE(Part(Part(tokenizer, "model"), "vocab").is_object() &&
                       Part(Part(tokenizer, "model"), "merges").is_array(),
                   "{}: Gemma's tokenizer is a byte-pair model with \"vocab\" "
                   "and \"merges\"; there is none",
                   source);
  const Json blanks = Replacement(" ", "\u2581");
  tokenizer["normalizer"] =
      lower_case
          ? SequenceOf("normalizers", Json{{"type", "Lowercase"}}, blanks)
          : blanks;
  tokenizer["pre_tokenizer"] = {{"type", "Split"},
                                {"pattern", {{"String", " "}}},
                                {"behavior", "MergedWithPrevious"},
                                {"invert", false}};
  for (const char* key : {"continuing_subword_prefix", "end_of_word_suffix",
                          "dropout", "ignore_merges"})
    tokenizer["model"].erase(key);
  tokenizer["model"].update(
      {{"unk_token", unknown}, {"fuse_unk", true}, {"byte_fallback", true}});
}

// Source: XLMRobertaTokenizer of transformers 5.
void RebuildAsXlmRoberta(const std::string& source, Json& tokenizer) {
  EYECHART_REQUIRE(Part(Part(tokenizer, "model"), "vocab").is_array(),
                   "{}: XLM-RoBERTa's tokenizer is a Unigram model, whose "
                   "\"vocab\" is a list of pieces with their scores; there is "
                   "none",
                   source);
  tokenizer["normalizer"] = FindPrecompiled(Part(tokenizer, "normalizer"));
  tokenizer["pre_tokenizer"] =
      SequenceOf("pretokenizers", Json{{"type", "WhitespaceSplit"}},
                 Json{{"type", "Metaspace"}, {"prepend_scheme", "always"}});
  tokenizer["model"]["unk_id"] = 3;
  tokenizer["model"]["byte_fallback"] = false;
  tokenizer["post_processor"] = Json();
}

}  // namespace

struct FastTokenizer::Files {
  Files(const fs::path& folder, FastTokenizerClass read_as)
      : as(read_as),
        source((folder / "tokenizer.json").string()),
        config_source((folder / "tokenizer_config.json").string()),
        map_source((folder / "special_tokens_map.json").string()) {
    if (auto json = ReadOptionalObject(source)) tokenizer = std::move(*json);
    if (auto json = ReadOptionalObject(config_source))
      config = std::move(*json);
    if (auto json = ReadOptionalObject(map_source)) map = std::move(*json);
    EYECHART_REQUIRE(!tokenizer.is_null(), "{}: there is no such file", source);
    if (as == FastTokenizerClass::kXlmRoberta)
      RebuildAsXlmRoberta(source, tokenizer);
    else if (rebuilt())
      RebuildAsGemma(as == FastTokenizerClass::kSiglip2,
                     Named("unk_token").value_or(AddedToken()).content, source,
                     tokenizer);
  }

  bool rebuilt() const { return as != FastTokenizerClass::kAsItStands; }
  bool has_decoder() const { return config.contains("added_tokens_decoder"); }

  // The special token `key`, where the files or the class name one.
  std::optional<AddedToken> Named(const char* key) const {
    const bool mapped = !has_decoder() && map.contains(key);
    const Json defaults = DefaultTokens(as);
    const Json& named = mapped ? map : config;
    const Json& json = Part(named.contains(key) ? named : defaults, key);
    if (json.is_null()) return std::nullopt;
    AddedToken token = ReadAddedToken(
        json,
        fmt::format("{}: \"{}\"", mapped ? map_source : config_source, key));
    if (json.is_object() && !json.contains("normalized"))
      token.normalized = false;
    return token;
  }

  FastTokenizerClass as;
  std::string source, config_source, map_source;
  Json tokenizer;
  Json config = Json::object();
  Json map = Json::object();
};

FastTokenizerClass FastTokenizerClassOf(std::string_view name) {
  if (name.ends_with("Fast")) name.remove_suffix(4);
  if (name == "GemmaTokenizer") return FastTokenizerClass::kGemma;
  if (name == "Siglip2Tokenizer") return FastTokenizerClass::kSiglip2;
  if (name == "XLMRobertaTokenizer") return FastTokenizerClass::kXlmRoberta;
  return FastTokenizerClass::kAsItStands;
}

FastTokenizer::FastTokenizer(const fs::path& folder, FastTokenizerClass as)
    : FastTokenizer(Files(folder, as)) {}

FastTokenizer::FastTokenizer(const Files& files)
    : source_(files.source),
      model_(ReadModel(files.tokenizer, files.source)),
      normalizer_(Part(files.tokenizer, "normalizer"), files.source),
      pre_tokenizer_(Part(files.tokenizer, "pre_tokenizer"), files.source),
      next_id_(
          std::visit([](const auto& model) { return model.size(); }, model_)) {
  ReadAddedTokens(files);
  if (files.as == FastTokenizerClass::kXlmRoberta) {
    before_ = {IdOf(files.Named("bos_token").value_or(AddedToken()).content)};
    after_ = {IdOf(files.Named("eos_token").value_or(AddedToken()).content)};
  } else {
    ReadTemplate(files);
  }
}

std::optional<std::int64_t> FastTokenizer::ModelIdOf(
    const std::string& token) const {
  return std::visit([&](const auto& model) { return model.IdOf(token); },
                    model_);
}

// A later token of the same text has the word on its flags.
void FastTokenizer::AddToken(AddedToken token) {
  if (token.content.empty()) return;
  const auto same = [&token](const WantedToken& other) {
    return other.token.content == token.content;
  };
  std::optional<std::int64_t> id = ModelIdOf(token.content);
  for (auto* list : {&raw_tokens_, &normalized_tokens_}) {
    const auto it = std::find_if(list->begin(), list->end(), same);
    if (it == list->end()) continue;
    if (!id) id = it->token.id;
    list->erase(it);
  }
  token.id = id ? *id : next_id_;
  next_id_ = std::max(next_id_, token.id + 1);
  if (token.normalized) {
    const std::string text = normalizer_.Normalize(token.content);
    // The reference finds it between any two bytes: it cuts every text there,
    // and fails where two bytes are one character.
    EYECHART_REQUIRE(!text.empty(),
                     "{}: the normaliser leaves nothing of the added token "
                     "\"{}\", so that no text can have it; its \"normalized\" "
                     "should be false",
                     source_, token.content);
    normalized_tokens_.push_back({DecodeUtf8(text), std::move(token)});
  } else {
    std::u32string text = DecodeUtf8(token.content);
    raw_tokens_.push_back({std::move(text), std::move(token)});
  }
}

void FastTokenizer::ReadAddedTokens(const Files& files) {
  const Json& added = Part(files.tokenizer, "added_tokens");
  const std::string place = source_ + ": \"added_tokens\"";
  EYECHART_REQUIRE(added.is_null() || added.is_array(), "{} should be a list",
                   place);
  // A class that builds the tokenizer anew takes these only where the other
  // file lists none.
  if (!files.rebuilt() || !files.has_decoder())
    for (const Json& json : added) AddToken(ReadAddedToken(json, place));

  std::vector<AddedToken> decoder =
      ReadAddedDecoder(files.config, files.config_source);
  std::sort(decoder.begin(), decoder.end(),
            [](const auto& a, const auto& b) { return a.id < b.id; });
  for (AddedToken& token : decoder) AddToken(std::move(token));
  // What the files name and nothing has listed is added as it stands.
  const auto add_unlisted = [this](AddedToken token) {
    const auto same = [&token](const WantedToken& other) {
      return other.token.content == token.content;
    };
    for (const auto* list : {&raw_tokens_, &normalized_tokens_})
      if (std::any_of(list->begin(), list->end(), same)) return;
    AddToken(std::move(token));
  };
  for (const char* key : kNamed)
    if (std::optional<AddedToken> token = files.Named(key))
      add_unlisted(std::move(*token));
  // The older name counts where the newer one lists nothing.
  for (const char* key :
       {"extra_special_tokens", "additional_special_tokens"}) {
    const Json& extra = Part(files.config, key);
    if (!extra.is_array() || extra.empty()) continue;
    const std::string where =
        fmt::format("{}: \"{}\"", files.config_source, key);
    for (const Json& json : extra) add_unlisted(ReadAddedToken(json, where));
    break;
  }
}

std::int64_t FastTokenizer::IdOf(const std::string& token) const {
  if (const auto id = ModelIdOf(token)) return *id;
  for (const auto* list : {&raw_tokens_, &normalized_tokens_})
    for (const WantedToken& wanted : *list)
      if (wanted.token.content == token) return wanted.token.id;
  ThrowInput("{}: the special token \"{}\" is not in the vocabulary", source_,
             token);
}

void FastTokenizer::ReadTemplate(const Files& files) {
  const Json& processor = Part(files.tokenizer, "post_processor");
  const std::string place = source_ + ": \"post_processor\"";
  // "add_eos_token" and its like are no part of this: the reference drops them
  // where there is a tokenizer.json.
  if (processor.is_null()) return;
  EYECHART_REQUIRE(processor.is_object(), "{}: should be an object", place);
  const auto type = JsonGet<std::string>(processor, "type", place);
  EYECHART_REQUIRE(type == "TemplateProcessing", "{}: \"{}\" is not supported",
                   place, type);
  const Json& single = Part(processor, "single");
  EYECHART_REQUIRE(single.is_array(), "{}: \"single\" should be a list", place);
  const Json& special = Part(processor, "special_tokens");
  bool seen = false;
  for (const Json& part : single) {
    EYECHART_REQUIRE(part.is_object() && part.size() == 1,
                     "{}: \"single\" holds {}", place, part.dump());
    if (part.contains("Sequence")) {
      seen = true;
      continue;
    }
    const Json& token = Part(part, "SpecialToken");
    EYECHART_REQUIRE(token.is_object(), "{}: \"single\" holds {}", place,
                     part.dump());
    const auto name = JsonGet<std::string>(token, "id", place);
    const Json& numbers = Part(Part(special, name), "ids");
    EYECHART_REQUIRE(numbers.is_array(), "{}: \"special_tokens\" has no \"{}\"",
                     place, name);
    for (const Json& id : numbers)
      (seen ? after_ : before_).push_back(ReadTokenId(id, name, place));
  }
  EYECHART_REQUIRE(seen, "{}: \"single\" has no place for the text", place);
}

void FastTokenizer::EncodePiece(std::u32string_view text,
                                bool at_start,
                                std::vector<std::int64_t>& ids) const {
  const std::u32string normal =
      DecodeUtf8(normalizer_.Normalize(EncodeUtf8(text)));
  for (const TextPiece& piece : CutAtTokens(normal, normalized_tokens_)) {
    if (piece.token != nullptr) {
      ids.push_back(piece.token->id);
      continue;
    }
    const bool first = at_start && piece.text.data() == normal.data();
    for (const std::u32string& word :
         pre_tokenizer_.Split(std::u32string(piece.text), first))
      std::visit(
          [&](const auto& model) { model.Encode(EncodeUtf8(word), ids); },
          model_);
  }
}

std::vector<std::int64_t> FastTokenizer::Encode(std::string_view text,
                                                std::int64_t max_length) const {
  const auto room = static_cast<std::size_t>(max_length);
  const std::size_t around = before_.size() + after_.size();
  EYECHART_REQUIRE(room > around,
                   "{}: the {} tokens around a text leave no room for it in {}",
                   source_, around, room);
  std::vector<std::int64_t> ids = before_;
  const std::u32string points = DecodeUtf8(text);
  for (const TextPiece& piece : CutAtTokens(points, raw_tokens_)) {
    if (piece.token != nullptr)
      ids.push_back(piece.token->id);
    else
      EncodePiece(piece.text, piece.text.data() == points.data(), ids);
  }
  ids.resize(std::min(ids.size(), room - after_.size()));
  ids.insert(ids.end(), after_.begin(), after_.end());
  return ids;
}

}  // namespace eyechart::encoders
