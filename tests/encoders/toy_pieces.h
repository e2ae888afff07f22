// Tokenizer files small enough to work out by hand.
#pragma once

#include <bit>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"

namespace eyechart::encoders::testing {

struct ToyPiece {
  std::string text;
  float score = 0;
  int type = 1;  // 1 normal, 2 unknown, 3 control
};

/// As T5 and SigLIP have them: padding, end and unknown first.
inline std::vector<ToyPiece> ToyPieces() {
  return {{"<pad>", 0, 3},
          {"</s>", 0, 3},
          {"<unk>", 0, 2},
          {"\u2581", -4},
          {"\u2581a", -2},
          {"\u2581cat", -3},
          {"a", -3},
          {"c", -5},
          {"t", -5},
          {"o", -5},
          {"oo", -4.5F},
          {"photo", -6},
          {"\u2581photo", -2.5F},
          {"!", -7}};
}

/// A field whose content has a length: a text or a message.
inline std::string ProtoField(int id, const std::string& content) {
  std::string field(1, static_cast<char>(id << 3 | 2));
  for (std::size_t rest = content.size();; rest >>= 7) {
    field.push_back(
        static_cast<char>((rest & 0x7F) | (rest > 0x7F ? 0x80 : 0)));
    if (rest <= 0x7F) break;
  }
  return field + content;
}

/// A field that is a small number.
inline std::string ProtoNumber(int id, int number) {
  return {static_cast<char>(id << 3), static_cast<char>(number)};
}

/// A SentencePiece Unigram model, as its file holds it; `charsmap` is its
/// normaliser's table.
inline std::string ToySentencePieceModel(const std::string& charsmap = "") {
  std::string model;
  for (const ToyPiece& piece : ToyPieces()) {
    std::string message = ProtoField(1, piece.text);
    const auto bits = std::bit_cast<std::uint32_t>(piece.score);
    message.push_back(2 << 3 | 5);
    for (int shift = 0; shift < 32; shift += 8)
      message.push_back(static_cast<char>(bits >> shift & 0xFF));
    model += ProtoField(1, message + ProtoNumber(3, piece.type));
  }
  model += ProtoField(2, ProtoNumber(3, 1));
  model += ProtoField(3, charsmap.empty() ? ProtoField(1, "identity")
                                          : ProtoField(2, charsmap));
  return model;
}

/// The same pieces as a tokenizer.json, with an end token after each text.
inline Json ToyTokenizerJson() {
  Json vocabulary = Json::array();
  for (const ToyPiece& piece : ToyPieces())
    vocabulary.push_back(Json::array({piece.text, piece.score}));
  const auto special = [](int id, const char* content) {
    return Json{{"id", id}, {"content", content}, {"special", true}};
  };
  return {
      {"added_tokens", Json::array({special(1, "</s>"), special(2, "<unk>")})},
      {"normalizer", {{"type", "Lowercase"}}},
      {"pre_tokenizer", {{"type", "Metaspace"}, {"replacement", "\u2581"}}},
      {"post_processor",
       {{"type", "TemplateProcessing"},
        {"single", Json::array({Json{{"Sequence", {{"id", "A"}}}},
                                Json{{"SpecialToken", {{"id", "</s>"}}}}})},
        {"special_tokens", {{"</s>", {{"ids", Json::array({1})}}}}}}},
      {"model", {{"type", "Unigram"}, {"unk_id", 2}, {"vocab", vocabulary}}}};
}

/// Byte-pair encoding as Gemma's tokenizer.json has it, with two of its bytes
/// (those of U+00E9): 5 is a blank, 6 to 8 letters, 9 "ca", 10 "cat".
inline Json ToyGemmaJson() {
  Json vocabulary = Json::object();
  for (const char* token :
       {"<pad>", "<eos>", "<bos>", "<unk>", "<mask>", "\u2581", "a", "c", "t",
        "ca", "cat", "\u2581cat", "<0xC3>", "<0xA9>"})
    vocabulary[token] = vocabulary.size();
  Json json = ToyTokenizerJson();
  json["added_tokens"] = Json::array();
  for (int id = 0; id < 5; ++id)
    for (const auto& [token, number] : vocabulary.items())
      if (number == id)
        json["added_tokens"].push_back(
            {{"id", id}, {"content", token}, {"special", true}});
  json["normalizer"] = {{"type", "Replace"},
                        {"pattern", {{"String", " "}}},
                        {"content", "\u2581"}};
  json["pre_tokenizer"] = {{"type", "Split"},
                           {"pattern", {{"String", " "}}},
                           {"behavior", "MergedWithPrevious"},
                           {"invert", false}};
  json["post_processor"]["single"][1]["SpecialToken"]["id"] = "<eos>";
  json["post_processor"]["special_tokens"] = {
      {"<eos>", {{"ids", Json::array({1})}}}};
  json["model"] = {
      {"type", "BPE"},
      {"unk_token", "<unk>"},
      {"fuse_unk", true},
      {"byte_fallback", true},
      {"vocab", vocabulary},
      {"merges", Json::array({"c a", Json::array({"ca", "t"}), "\u2581 cat"})}};
  return json;
}

}  // namespace eyechart::encoders::testing
