// The files of a SigLIP tokenizer, spiece.model or the Unigram or byte-pair
// model of a tokenizer.json, the tokenizer made of them, and texts through it.
#include "core/error.h"
#include "encoders/siglip_tokenizer.h"
#include "tests/encoders/toy_pieces.h"
#include "tests/fuzz/input_folder.h"
#include "tests/fuzz/target.h"

namespace eyechart::fuzz {
namespace {

constexpr std::int64_t kMostIds = 16;

// A table of replacements without an entry, as SentencePiece compiles it: its
// size in bytes, 256 cells, the texts.
std::string EmptyCharsmap() {
  std::string bytes{"\x00\x04\x00\x00", 4};
  bytes.resize(4 + 1024, '\0');
  return bytes + std::string("x\0", 2);
}

Json WithNormalizer(Json tokenizer, const Json& normalizer) {
  tokenizer["normalizer"] = normalizer;
  return tokenizer;
}

}  // namespace

bool Reads(const std::string& input) {
  // The binary file last: the separator may occur in it.
  static InputFolder folder(
      {"tokenizer_config.json", "tokenizer.json", "spiece.model"});
  folder.Fill(input);
  try {
    const encoders::SiglipTokenizer tokenizer(folder.path(), /*pad_id=*/0);
    for (const char* text : {"", "A  Photo</s>of caf\u00e9s, 42!",
                             "ooooo \u00bd\ufb01\u0130 \U0001F600\xff"}) {
      std::size_t ids = 0;
      try {
        ids = tokenizer.Encode(text, kMostIds).size();
      } catch (const InputError&) {
        continue;  // no unknown piece, or no room beside the template
      }
      EYECHART_CHECK(ids <= kMostIds, "{} ids", ids);
    }
    return true;
  } catch (const InputError&) {
    return false;
  }
}

std::vector<std::string> Seeds() {
  using encoders::testing::ToySentencePieceModel;
  const std::string pieces = ToySentencePieceModel();
  const Json tokenizer = encoders::testing::ToyTokenizerJson();
  Json fallback = tokenizer;
  fallback["model"]["byte_fallback"] = true;
  const Json token = {{"content", "<unk>"},  {"single_word", false},
                      {"lstrip", false},     {"rstrip", true},
                      {"normalized", false}, {"special", true}};
  const Json config = {{"tokenizer_class", "SiglipTokenizer"},
                       {"pad_token", "</s>"},
                       {"unk_token", token},
                       {"model_max_length", 16},
                       {"model_input_names", {"input_ids"}},
                       {"padding_side", "right"},
                       {"added_tokens_decoder", {{"2", token}}}};
  const Json fast = {{"tokenizer_class", "PreTrainedTokenizerFast"},
                     {"pad_token", "<pad>"},
                     {"model_max_length", 1e30}};
  const Json chain = {
      {"type", "Sequence"},
      {"normalizers",
       Json::array({Json{{"type", "Lowercase"}}, Json{{"type", "NFKC"}},
                    Json{{"type", "Replace"},
                         {"pattern", {{"Regex", "[!,.]+"}}},
                         {"content", " "}},
                    Json{{"type", "Strip"},
                         {"strip_left", false},
                         {"strip_right", true}}})}};
  const Json gemma = encoders::testing::ToyGemmaJson();
  return {Joined({"", "", pieces}),
          Joined({Json{{"tokenizer_class", "GemmaTokenizer"}}.dump(),
                  gemma.dump()}),
          Joined({fast.dump(), gemma.dump()}),
          Joined({config.dump(), "", pieces}),
          Joined({"", "", ToySentencePieceModel(EmptyCharsmap())}),
          Joined({"", tokenizer.dump()}),
          Joined({fast.dump(), fallback.dump(), pieces}),
          Joined({"", WithNormalizer(tokenizer, chain).dump()}),
          Joined({"", WithNormalizer(tokenizer, Json()).dump()})};
}

}  // namespace eyechart::fuzz
