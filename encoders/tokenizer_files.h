// The files of a byte-pair tokenizer, read into one description.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "encoders/byte_pair_encoding.h"

namespace eyechart::encoders {

/// A token that is found in the text itself, before anything else.
struct AddedToken {
  std::string content;  // UTF-8
  std::int64_t id = 0;
  bool single_word = false;  // not inside a word
  bool left_strip = false;   // takes the white space before it
  bool right_strip = false;  // and after it
  bool normalized = false;   // is looked for in the normalised text
};

/// What a tokenizer is made of.
struct TokenizerFiles {
  std::string source;  // the file of the vocabulary, for errors
  BytePairEncoding::Vocabulary vocabulary;
  std::vector<std::pair<std::string, std::string>> merges;  // by rank
  std::vector<AddedToken> added;
  std::string start = "<|startoftext|>";
  std::string end = "<|endoftext|>";
  std::string unknown = "<|endoftext|>";
};

/// Reads `folder`/tokenizer.json, else vocab.json and merges.txt, and what
/// tokenizer_config.json or special_tokens_map.json say of special tokens, in
/// the reference's order of precedence. Throws InputError where there is
/// neither, or they are damaged.
TokenizerFiles ReadTokenizerFiles(const std::filesystem::path& folder);

}  // namespace eyechart::encoders
