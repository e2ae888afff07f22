// The files of a byte-pair tokenizer, read into one description.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/json.h"
#include "encoders/added_tokens.h"
#include "encoders/byte_pair_encoding.h"

namespace eyechart::encoders {

/// What a tokenizer is made of.
struct TokenizerFiles {
  std::string source;  // the file of the vocabulary, for errors
  BytePairEncoding::Vocabulary vocabulary;
  std::vector<std::pair<std::string, std::string>> merges;  // by rank
  std::vector<AddedToken> added;
  std::string start = "<|startoftext|>";
  std::string end = "<|endoftext|>";
  std::string unknown = "<|endoftext|>";
  std::vector<std::string> other_special;  // of the family, besides these
};

/// Reads `folder`/tokenizer.json, else vocab.json and merges.txt, and what
/// tokenizer_config.json or special_tokens_map.json say of special tokens, in
/// the reference's order of precedence; `files` brings the names of those that
/// no file names. Throws InputError where there is neither, or they are
/// damaged.
TokenizerFiles ReadTokenizerFiles(const std::filesystem::path& folder,
                                  TokenizerFiles files = {});

/// What a file says is the id of `token`. Throws InputError naming `source`
/// unless `id` is an integer from 0 to 2^31-1: ids are rows of a table.
std::int64_t ReadTokenId(const Json& id,
                         const std::string& token,
                         const std::string& source);

/// A byte-pair model's "vocab", an object of tokens and ids, and its "merges",
/// a list of pairs or of texts with a blank between. Throw InputError naming
/// `source`.
PairVocabulary ReadVocabulary(const Json& json, const std::string& source);
std::vector<std::pair<std::string, std::string>> ReadMerges(
    const Json& json, const std::string& source);

/// `path` as a JSON object, or nothing where there is no such file. Throws
/// InputError for anything else.
std::optional<Json> ReadOptionalObject(const std::filesystem::path& path);

/// An added token as the files of a tokenizer write it: a text, or an object
/// with its flags. Throws InputError naming `source`.
AddedToken ReadAddedToken(const Json& json, const std::string& source);

/// The tokens of tokenizer_config.json's "added_tokens_decoder", if it has one.
/// Throws InputError naming `source`.
std::vector<AddedToken> ReadAddedDecoder(const Json& config,
                                         const std::string& source);

}  // namespace eyechart::encoders
