#include "encoders/unigram_tokenizer.h"

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

Unigram ReadModel(const Json& tokenizer, const std::string& source) {
  const Json& model = Part(tokenizer, "model");
  const Json& vocabulary = Part(model, "vocab");
  EYECHART_REQUIRE(vocabulary.is_array(),
                   "{}: no Unigram model, whose \"vocab\" is a list of pieces "
                   "with their scores",
                   source);
  std::vector<UnigramPiece> pieces;
  for (const Json& entry : vocabulary) {
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

}  // namespace

struct UnigramTokenizer::Files {
  explicit Files(const fs::path& folder)
      : source((folder / "tokenizer.json").string()),
        config_source((folder / "tokenizer_config.json").string()),
        map_source((folder / "special_tokens_map.json").string()) {
    if (auto json = ReadOptionalObject(source)) tokenizer = std::move(*json);
    if (auto json = ReadOptionalObject(config_source))
      config = std::move(*json);
    if (auto json = ReadOptionalObject(map_source)) map = std::move(*json);
    EYECHART_REQUIRE(!tokenizer.is_null(), "{}: there is no such file", source);
  }

  std::string source, config_source, map_source;
  Json tokenizer;
  Json config = Json::object();
  Json map = Json::object();
};

UnigramTokenizer::UnigramTokenizer(const fs::path& folder)
    : UnigramTokenizer(Files(folder)) {}

UnigramTokenizer::UnigramTokenizer(const Files& files)
    : source_(files.source),
      model_(ReadModel(files.tokenizer, files.source)),
      normalizer_(Part(files.tokenizer, "normalizer"), files.source),
      pre_tokenizer_(Part(files.tokenizer, "pre_tokenizer"), files.source),
      next_id_(model_.size()) {
  ReadAddedTokens(files);
  ReadTemplate(files);
}

// A later token of the same text has the word on its flags.
void UnigramTokenizer::AddToken(AddedToken token) {
  if (token.content.empty()) return;
  const auto same = [&token](const WantedToken& other) {
    return other.token.content == token.content;
  };
  std::optional<std::int64_t> id = model_.IdOf(token.content);
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
    normalized_tokens_.push_back({DecodeUtf8(text), std::move(token)});
  } else {
    std::u32string text = DecodeUtf8(token.content);
    raw_tokens_.push_back({std::move(text), std::move(token)});
  }
}

void UnigramTokenizer::ReadAddedTokens(const Files& files) {
  const Json& added = Part(files.tokenizer, "added_tokens");
  const std::string place = source_ + ": \"added_tokens\"";
  EYECHART_REQUIRE(added.is_null() || added.is_array(), "{} should be a list",
                   place);
  for (const Json& json : added) AddToken(ReadAddedToken(json, place));

  std::vector<AddedToken> decoder =
      ReadAddedDecoder(files.config, files.config_source);
  std::sort(decoder.begin(), decoder.end(),
            [](const auto& a, const auto& b) { return a.id < b.id; });
  const bool has_decoder = files.config.contains("added_tokens_decoder");
  for (AddedToken& token : decoder) AddToken(std::move(token));
  // What the files name and nothing has listed is added as it stands.
  for (const char* key : kNamed) {
    const bool mapped = !has_decoder && files.map.contains(key);
    const Json& json = Part(mapped ? files.map : files.config, key);
    if (json.is_null()) continue;
    AddedToken token = ReadAddedToken(
        json,
        fmt::format("{}: \"{}\"",
                    mapped ? files.map_source : files.config_source, key));
    const auto same = [&token](const WantedToken& other) {
      return other.token.content == token.content;
    };
    const bool known =
        std::any_of(raw_tokens_.begin(), raw_tokens_.end(), same) ||
        std::any_of(normalized_tokens_.begin(), normalized_tokens_.end(), same);
    if (!known) {
      if (json.is_object() && !json.contains("normalized"))
        token.normalized = false;
      AddToken(std::move(token));
    }
  }
}

std::int64_t UnigramTokenizer::IdOf(const std::string& token) const {
  if (const auto id = model_.IdOf(token)) return *id;
  for (const auto* list : {&raw_tokens_, &normalized_tokens_})
    for (const WantedToken& wanted : *list)
      if (wanted.token.content == token) return wanted.token.id;
  ThrowInput("{}: the special token \"{}\" is not in the vocabulary", source_,
             token);
}

void UnigramTokenizer::ReadTemplate(const Files& files) {
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
    for (const Json& id : numbers) {
      EYECHART_REQUIRE(id.is_number_integer(),
                       "{}: the id of \"{}\" should be an integer", place,
                       name);
      (seen ? after_ : before_).push_back(id.get<std::int64_t>());
    }
  }
  EYECHART_REQUIRE(seen, "{}: \"single\" has no place for the text", place);
}

void UnigramTokenizer::EncodePiece(std::u32string_view text,
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
      model_.Encode(EncodeUtf8(word), ids);
  }
}

std::vector<std::int64_t> UnigramTokenizer::Encode(
    std::string_view text, std::int64_t max_length) const {
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
