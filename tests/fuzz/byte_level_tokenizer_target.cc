// The files of Florence-2's tokenizer, byte-level BPE, the tokenizer made of
// them, and texts through it and back.
#include "core/error.h"
#include "core/json.h"
#include "encoders/byte_level_tokenizer.h"
#include "tests/fuzz/input_folder.h"
#include "tests/fuzz/target.h"

namespace eyechart::fuzz {

bool Reads(const std::string& input) {
  static InputFolder folder({"tokenizer.json", "tokenizer_config.json",
                             "special_tokens_map.json", "vocab.json",
                             "merges.txt"});
  folder.Fill(input);
  try {
    const encoders::ByteLevelTokenizer tokenizer(folder.path(),
                                                 {"<od>", "<loc_0>"});
    for (const char* text :
         {"", "a  ab's</s> caf\u00e9 42<loc_0>\n ", "\U0001F600\xff\u00a0"}) {
      std::vector<std::int64_t> ids = tokenizer.Encode(text);
      ids.insert(ids.end(), {-1, tokenizer.start_id(), 1 << 30});
      for (const bool skip_special : {false, true})
        tokenizer.Decode(ids, skip_special);
    }
    return true;
  } catch (const InputError&) {
    return false;
  }
}

std::vector<std::string> Seeds() {
  // "\u0120" stands for the blank, "\u00c3\u00a9" for the bytes of an accented
  // letter.
  Json vocabulary;
  std::int64_t id = 0;
  for (const char* token : {"<s>", "<pad>", "</s>", "<unk>", "a", "b", "\u0120",
                            "\u0120a", "ab", "\u00c3", "\u00a9"})
    vocabulary[token] = id++;
  const Json end = {
      {"id", 2},         {"content", "</s>"},    {"lstrip", false},
      {"rstrip", false}, {"single_word", false}, {"normalized", true},
      {"special", true}};
  const Json location = {
      {"id", 11}, {"content", "<loc_0>"}, {"special", false}};
  const Json whole = {
      {"added_tokens", {end, location}},
      {"normalizer", nullptr},
      {"pre_tokenizer", {{"type", "ByteLevel"}, {"add_prefix_space", true}}},
      {"decoder", {{"type", "ByteLevel"}}},
      {"model",
       {{"type", "BPE"},
        {"vocab", vocabulary},
        {"merges", {"\u0120 a", Json::array({"a", "b"})}}}}};
  const Json config = {{"bos_token", "<s>"},
                       {"eos_token", end},
                       {"add_prefix_space", false},
                       {"added_tokens_decoder", {{"2", end}}}};
  const Json map = {{"unk_token", "<unk>"}, {"eos_token", "</s>"}};
  const std::string merges = "#version: 0.2\n\u0120 a\r\na b\n";
  return {Joined({whole.dump()}), Joined({whole.dump(), config.dump()}),
          Joined({"", config.dump(), "", vocabulary.dump(), merges}),
          Joined({"", "", map.dump(), vocabulary.dump(), merges})};
}

}  // namespace eyechart::fuzz
