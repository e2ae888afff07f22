// The files of a tokenizer, the tokenizer made of them, and a text through it.
#include "core/error.h"
#include "core/json.h"
#include "encoders/byte_pair_encoding.h"
#include "encoders/clip_text_rules.h"
#include "encoders/clip_tokenizer.h"
#include "tests/fuzz/input_folder.h"
#include "tests/fuzz/target.h"

namespace eyechart::fuzz {

bool Reads(const std::string& input) {
  static InputFolder folder({"tokenizer.json", "tokenizer_config.json",
                             "special_tokens_map.json", "vocab.json",
                             "merges.txt"});
  folder.Fill(input);
  try {
    const encoders::ClipTokenizer tokenizer(folder.path());
    tokenizer.Encode("A  photo of caf\u00e9s, 42<|endoftext|> \U0001F600", 16);
    return true;
  } catch (const InputError&) {
    return false;
  }
}

std::vector<std::string> Seeds() {
  Json vocabulary;
  std::int64_t id = 0;
  for (const char* token : {"a", "b", "a</w>", "b</w>", "ab</w>", "ab",
                            "<|startoftext|>", "<|endoftext|>"})
    vocabulary[token] = id++;
  const Json start = {{"id", 6},
                      {"content", "<|startoftext|>"},
                      {"single_word", false},
                      {"lstrip", false},
                      {"rstrip", true},
                      {"normalized", false},
                      {"special", true}};
  const Json whole = {{"added_tokens", {start}},
                      {"model",
                       {{"type", "BPE"},
                        {"vocab", vocabulary},
                        {"merges", {"a b</w>", Json::array({"a", "b"})}}}}};
  const Json config = {{"bos_token", "<|startoftext|>"},
                       {"eos_token", start},
                       {"pad_token", nullptr},
                       {"added_tokens_decoder", {{"6", start}}}};
  const Json map = {{"unk_token", "<|endoftext|>"}};
  return {Joined({whole.dump()}), Joined({whole.dump(), config.dump()}),
          Joined({"", "", map.dump(), vocabulary.dump(),
                  "#version: 0.2\na b</w>\r\na b\n"})};
}

}  // namespace eyechart::fuzz
