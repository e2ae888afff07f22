#include "encoders/sentence_piece.h"

#include <sentencepiece_processor.h>
#include <unicode/locid.h>
#include <unicode/unistr.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "core/error.h"
#include "core/files.h"
#include "core/json.h"
#include "encoders/charsmap.h"
#include "encoders/clip_text_rules.h"
#include "encoders/sentence_piece_model.h"
#include "encoders/tokenizer_files.h"

namespace eyechart::encoders {
namespace {

namespace fs = std::filesystem;

// SentencePiece's stand-in for a blank.
constexpr char32_t kMark = U'\u2581';

bool IsPunctuation(char32_t c) {
  return (c >= '!' && c <= '/') || (c >= ':' && c <= '@') ||
         (c >= '[' && c <= '`') || (c >= '{' && c <= '~');
}

using Piece = SentencePieceModel::Piece;

Unigram MakeUnigram(const std::vector<Piece>& pieces,
                    std::int64_t unknown,
                    const std::string& source) {
  float highest = std::numeric_limits<float>::min();  // the library's start
  for (const Piece& piece : pieces)
    if (piece.type == Piece::kNormal) highest = std::max(highest, piece.score);
  std::vector<UnigramPiece> result;
  for (const Piece& piece : pieces) {
    using Kind = UnigramPiece::Kind;
    Kind kind = Kind::kNotInText;
    float score = piece.score;
    if (piece.type == Piece::kNormal) kind = Kind::kNormal;
    if (piece.type == Piece::kUserDefined) {
      kind = Kind::kUserDefined;
      // Before any pieces that spell it. Source: SentencePiece.
      score = static_cast<float>(piece.text.size()) * highest - 0.1F;
    }
    result.push_back({piece.text, score, kind});
  }
  UnigramOptions options;
  options.unknown = unknown;
  options.single_precision = true;
  return Unigram(std::move(result), options, source);
}

std::string BytePiece(char byte) {
  return fmt::format("<0x{:02X}>", static_cast<unsigned char>(byte));
}

}  // namespace

std::string CanonicalizeForSiglip(std::string_view text, bool lower_case) {
  std::u32string points = DecodeUtf8(text);
  if (lower_case) {
    icu::UnicodeString units;
    for (const char32_t c : points) units.append(static_cast<UChar32>(c));
    units.toLower(icu::Locale::getRoot());
    std::string utf8;
    points = DecodeUtf8(units.toUTF8String(utf8));
  }
  std::u32string result;
  bool pending = false;
  for (const char32_t c : points) {
    if (IsPunctuation(c)) continue;
    if (IsPythonSpace(c)) {
      pending = !result.empty();
      continue;
    }
    if (std::exchange(pending, false)) result.push_back(U' ');
    result.push_back(c);
  }
  return EncodeUtf8(result);
}

SentencePieceTokenizer::SentencePieceTokenizer(const fs::path& folder)
    : model_(std::make_unique<sentencepiece::SentencePieceProcessor>()),
      source_((folder / "spiece.model").string()) {
  const std::string bytes = ReadFile(source_);
  const SentencePieceModel model = ReadSentencePieceModel(bytes, source_);
  if (!model.charsmap.empty()) Charsmap(model.charsmap, source_);
  const auto status = model_->LoadFromSerializedProto(bytes);
  EYECHART_REQUIRE(status.ok(),
                   "{}: should be a SentencePiece model, but the library says: "
                   "{}",
                   source_, status.ToString());
  byte_fallback_ = model.byte_fallback;
  if (model.model_type == SentencePieceModel::kUnigram)
    unigram_ = MakeUnigram(model.pieces, model_->unk_id(), source_);
  next_id_ = model_->GetPieceSize();
  ReadTokens(folder);
  unknown_length_ = Segment(unknown_).size();
  end_id_ = IdOf(end_);
  pad_id_ = IdOf(pad_);
}

SentencePieceTokenizer::~SentencePieceTokenizer() = default;
SentencePieceTokenizer::SentencePieceTokenizer(
    SentencePieceTokenizer&&) noexcept = default;

const AddedToken* SentencePieceTokenizer::FindAdded(
    std::string_view content) const {
  for (const WantedToken& wanted : added_)
    if (wanted.token.content == content) return &wanted.token;
  return nullptr;
}

// `id` is what a file says; else the vocabulary's, else a new one.
void SentencePieceTokenizer::AddToken(AddedToken token,
                                      std::optional<std::int64_t> id) {
  if (token.content.empty() || FindAdded(token.content) != nullptr) return;
  if (!id) {
    const int known = model_->PieceToId(token.content);
    if (model_->IdToPiece(known) == token.content) id = known;
  }
  token.id = id ? *id : next_id_++;
  std::u32string text = DecodeUtf8(token.content);
  added_.push_back({std::move(text), std::move(token)});
}

void SentencePieceTokenizer::ReadTokens(const fs::path& folder) {
  const fs::path config_path = folder / "tokenizer_config.json";
  const fs::path map_path = folder / "special_tokens_map.json";
  const fs::path ids_path = folder / "added_tokens.json";
  const fs::path json_path = folder / "tokenizer.json";
  const Json config = ReadOptionalObject(config_path).value_or(Json::object());
  const auto map = ReadOptionalObject(map_path);
  const bool has_decoder = config.contains("added_tokens_decoder");
  for (AddedToken& token : ReadAddedDecoder(config, config_path.string())) {
    const std::int64_t id = token.id;
    AddToken(std::move(token), id);
  }
  // Folders from before the decoder.
  Json ids = Json::object();
  if (!has_decoder) ids = ReadOptionalObject(ids_path).value_or(ids);
  for (const auto& [content, id] : ids.items()) {
    AddedToken token;
    token.content = content;
    AddToken(std::move(token), ReadTokenId(id, content, ids_path.string()));
  }
  const auto whole = has_decoder ? std::nullopt : ReadOptionalObject(json_path);
  if (whole && whole->contains("added_tokens")) {
    const std::string place = json_path.string() + ": \"added_tokens\"";
    for (const Json& json : whole->at("added_tokens")) {
      AddedToken token = ReadAddedToken(json, place);
      const std::int64_t id = token.id;
      AddToken(std::move(token), id);
    }
  }
  const auto name = [&](const char* key, std::string& token) {
    const bool mapped = !has_decoder && map && map->contains(key);
    const Json& object = mapped ? *map : config;
    const auto it = object.find(key);
    if (it == object.end() || it->is_null()) return;
    const fs::path& path = mapped ? map_path : config_path;
    token = ReadAddedToken(*it, fmt::format("{}: \"{}\"", path.string(), key))
                .content;
  };
  name("eos_token", end_);
  name("unk_token", unknown_);
  name("pad_token", pad_);
  // The reference forgets the flags of tokens that no list holds.
  for (const std::string& token : {end_, unknown_, pad_}) {
    AddedToken added;
    added.content = token;
    AddToken(std::move(added), std::nullopt);
  }
  lower_case_ =
      JsonGetOr<bool>(config, "do_lower_case", true, config_path.string());
}

std::int64_t SentencePieceTokenizer::IdOf(const std::string& token) const {
  const AddedToken* added = FindAdded(token);
  return added != nullptr ? added->id : model_->PieceToId(token);
}

std::vector<std::string> SentencePieceTokenizer::Segment(
    const std::string& text) const {
  std::vector<std::string> pieces;
  const auto status = model_->Encode(text, &pieces);
  EYECHART_REQUIRE(status.ok(), "{}: cannot segment a text: {}", source_,
                   status.ToString());
  if (!unigram_) return pieces;
  // Together, the pieces are the normalised text.
  std::string normal;
  for (const std::string& piece : pieces) {
    if (byte_fallback_ && model_->IsByte(model_->PieceToId(piece)))
      normal += static_cast<char>(std::stoi(piece.substr(3, 2), nullptr, 16));
    else
      normal += piece;
  }
  pieces.clear();
  bool in_unknown = false;
  for (const auto& [part, id] : unigram_->Cut(normal)) {
    const bool is_unknown = id == model_->unk_id();
    if (is_unknown && byte_fallback_) {
      for (const char byte : part) pieces.push_back(BytePiece(byte));
    } else if (is_unknown && in_unknown) {
      pieces.back() += part;
    } else {
      pieces.emplace_back(part);
    }
    in_unknown = is_unknown;
  }
  return pieces;
}

void SentencePieceTokenizer::EncodePiece(
    std::u32string_view text, std::vector<std::string>& pieces) const {
  // The unknown token goes before the text, so that the library adds no blank
  // of its own and keeps the text's; its pieces are then cut off.
  const std::string canonical =
      CanonicalizeForSiglip(EncodeUtf8(text), lower_case_);
  std::vector<std::string> all = Segment(unknown_ + canonical);
  const std::size_t skipped =
      all.size() >= unknown_length_ ? unknown_length_ : 0;
  std::move(all.begin() + static_cast<std::ptrdiff_t>(skipped), all.end(),
            std::back_inserter(pieces));
}

std::vector<std::int64_t> SentencePieceTokenizer::Encode(
    std::string_view text, std::int64_t max_length) const {
  EYECHART_CHECK(max_length >= 1, "no room for the end token");
  std::u32string points = DecodeUtf8(text);
  std::replace(points.begin(), points.end(), kMark, U' ');
  points.insert(points.begin(), kMark);

  std::vector<std::string> pieces;
  for (const TextPiece& piece : CutAtTokens(points, added_, &IsPythonSpace)) {
    if (piece.token != nullptr)
      pieces.push_back(piece.token->content);
    else
      EncodePiece(piece.text, pieces);
  }
  // The mark put before a text that begins with a special token.
  const bool bare = pieces.size() > 1 && pieces[0] == EncodeUtf8({&kMark, 1}) &&
                    FindAdded(pieces[1]) != nullptr;
  std::vector<std::int64_t> ids;
  for (std::size_t i = bare ? 1 : 0; i < pieces.size(); ++i)
    ids.push_back(IdOf(pieces[i]));
  ids.resize(std::min(ids.size(), static_cast<std::size_t>(max_length - 1)));
  if (ids.empty() || ids.back() != end_id_) ids.push_back(end_id_);
  return ids;
}

}  // namespace eyechart::encoders
