#include "encoders/tokenizer_files.h"

#include <algorithm>
#include <optional>

#include "core/error.h"
#include "core/files.h"
#include "core/json.h"
#include "core/text.h"

namespace eyechart::encoders {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kMostIds = std::int64_t{1} << 31;

void RequireId(std::int64_t id,
               const std::string& token,
               const std::string& source) {
  EYECHART_REQUIRE(id >= 0 && id < kMostIds,
                   "{}: token \"{}\" has id {}; it should be from 0 to 2^31-1",
                   source, token, id);
}

std::pair<std::string, std::string> SplitMerge(const std::string& line,
                                               const std::string& where) {
  const std::size_t blank = line.find(' ');
  EYECHART_REQUIRE(
      blank != std::string::npos && line.find(' ', blank + 1) == line.npos &&
          blank > 0 && blank + 1 < line.size(),
      "{}: \"{}\" should be two tokens with a blank between", where, line);
  return {line.substr(0, blank), line.substr(blank + 1)};
}

void ReadMergesText(const fs::path& path, TokenizerFiles& files) {
  const std::string text = ReadFile(path);
  int number = 0;
  for (std::size_t begin = 0; begin < text.size();) {
    std::size_t end = text.find('\n', begin);
    if (end == std::string::npos) end = text.size();
    std::string line = text.substr(begin, end - begin);
    if (line.ends_with('\r')) line.pop_back();
    ++number;
    if (!line.empty() && !line.starts_with("#version"))
      files.merges.push_back(
          SplitMerge(line, fmt::format("{}:{}", path.string(), number)));
    begin = end + 1;
  }
}

// Takes `token` unless one of its content is there already.
void AddIfNew(AddedToken token, TokenizerFiles& files) {
  const auto same = [&token](const AddedToken& other) {
    return other.content == token.content;
  };
  if (std::any_of(files.added.begin(), files.added.end(), same)) return;
  const auto it = files.vocabulary.find(token.content);
  if (it != files.vocabulary.end()) token.id = it->second;
  files.added.push_back(std::move(token));
}

// Names and flags of start, end and unknown tokens that `json` (a
// tokenizer_config.json or special_tokens_map.json) gives.
void ReadNamed(const Json& json,
               const std::string& source,
               TokenizerFiles& files,
               std::vector<AddedToken>& named) {
  const auto read = [&](const char* key, std::string* name) {
    const auto it = json.find(key);
    if (it == json.end() || it->is_null()) return;
    AddedToken token =
        ReadAddedToken(*it, fmt::format("{}: \"{}\"", source, key));
    // Named tokens are special, whatever the object says.
    if (it->is_object() && !it->contains("normalized"))
      token.normalized = false;
    token.special = true;
    if (name != nullptr) *name = token.content;
    named.push_back(std::move(token));
  };
  read("bos_token", &files.start);
  read("eos_token", &files.end);
  read("unk_token", &files.unknown);
  for (const char* other :
       {"pad_token", "cls_token", "sep_token", "mask_token"})
    read(other, nullptr);
}

void ReadSpecialTokens(const fs::path& folder,
                       const std::optional<Json>& tokenizer,
                       TokenizerFiles& files) {
  const fs::path config_path = folder / "tokenizer_config.json";
  const fs::path map_path = folder / "special_tokens_map.json";
  const std::optional<Json> config = ReadOptionalObject(config_path);
  std::vector<AddedToken> named;
  if (config) ReadNamed(*config, config_path.string(), files, named);
  if (config && config->contains("added_tokens_decoder")) {
    for (AddedToken& token : ReadAddedDecoder(*config, config_path.string()))
      AddIfNew(std::move(token), files);
  } else {
    if (const auto map = ReadOptionalObject(map_path)) {
      named.clear();
      ReadNamed(*map, map_path.string(), files, named);
    }
    if (tokenizer && tokenizer->contains("added_tokens")) {
      const std::string source = files.source + ": \"added_tokens\"";
      const Json& added = tokenizer->at("added_tokens");
      EYECHART_REQUIRE(added.is_array(), "{} should be a list", source);
      for (const Json& json : added)
        AddIfNew(ReadAddedToken(json, source), files);
    }
  }
  for (const AddedToken& token : named) AddIfNew(token, files);
  std::vector<std::string> names = {files.start, files.end, files.unknown};
  for (const std::string& name : files.other_special)
    if (files.vocabulary.contains(name)) names.push_back(name);
  for (const std::string& name : names) {
    AddedToken token;
    token.content = name;
    token.special = true;
    AddIfNew(std::move(token), files);
  }
}

}  // namespace

std::int64_t ReadTokenId(const Json& id,
                         const std::string& token,
                         const std::string& source) {
  EYECHART_REQUIRE(id.is_number_integer(),
                   "{}: the id of token \"{}\" should be an integer", source,
                   token);
  // As it stands in the file: from 2^63 on, get() would wrap.
  EYECHART_REQUIRE(
      !id.is_number_unsigned() ||
          id.get<std::uint64_t>() < static_cast<std::uint64_t>(kMostIds),
      "{}: token \"{}\" has id {}; it should be from 0 to 2^31-1", source,
      token, id.dump());
  const auto number = id.get<std::int64_t>();
  RequireId(number, token, source);
  return number;
}

PairVocabulary ReadVocabulary(const Json& json, const std::string& source) {
  EYECHART_REQUIRE(json.is_object(),
                   "{}: the vocabulary should be an object of tokens and ids",
                   source);
  PairVocabulary vocabulary;
  for (const auto& [token, id] : json.items())
    vocabulary.emplace(token, ReadTokenId(id, token, source));
  return vocabulary;
}

std::vector<std::pair<std::string, std::string>> ReadMerges(
    const Json& json, const std::string& source) {
  EYECHART_REQUIRE(json.is_array(), "{}: \"merges\" should be a list", source);
  const auto is_token = [](const Json& half) {
    return half.is_string() && !half.get_ref<const std::string&>().empty();
  };
  std::vector<std::pair<std::string, std::string>> merges;
  for (const Json& merge : json) {
    if (merge.is_string()) {
      merges.push_back(SplitMerge(merge.get<std::string>(), source));
      continue;
    }
    EYECHART_REQUIRE(merge.is_array() && merge.size() == 2 &&
                         is_token(merge[0]) && is_token(merge[1]),
                     "{}: the merge {} should be two tokens", source,
                     merge.dump());
    merges.emplace_back(merge[0].get<std::string>(),
                        merge[1].get<std::string>());
  }
  return merges;
}

std::optional<Json> ReadOptionalObject(const fs::path& path) {
  if (!fs::is_regular_file(path)) return std::nullopt;
  Json json = ReadJsonFile(path);
  EYECHART_REQUIRE(json.is_object(), "{}: should be a JSON object",
                   path.string());
  return json;
}

AddedToken ReadAddedToken(const Json& json, const std::string& source) {
  AddedToken token;
  if (json.is_string()) {
    token.content = json.get<std::string>();
    return token;
  }
  EYECHART_REQUIRE(json.is_object(),
                   "{}: a special token should be a text or an object, not {}",
                   source, json.dump());
  token.content = JsonGet<std::string>(json, "content", source);
  token.id = JsonGetOr<std::int64_t>(json, "id", 0, source);
  RequireId(token.id, token.content, source);
  token.single_word = JsonGetOr<bool>(json, "single_word", false, source);
  token.left_strip = JsonGetOr<bool>(json, "lstrip", false, source);
  token.right_strip = JsonGetOr<bool>(json, "rstrip", false, source);
  token.special = JsonGetOr<bool>(json, "special", false, source);
  token.normalized =
      JsonGetOr<bool>(json, "normalized", !token.special, source);
  return token;
}

std::vector<AddedToken> ReadAddedDecoder(const Json& config,
                                         const std::string& source) {
  std::vector<AddedToken> tokens;
  const auto decoder = config.find("added_tokens_decoder");
  if (decoder == config.end()) return tokens;
  EYECHART_REQUIRE(decoder->is_object(),
                   "{}: \"added_tokens_decoder\" should be an object", source);
  for (const auto& [id, json] : decoder->items()) {
    AddedToken token = ReadAddedToken(json, source);
    const auto number = ParseInt(id);
    EYECHART_REQUIRE(
        number.has_value(),
        "{}: \"added_tokens_decoder\" has the id \"{}\"; it should "
        "be a number",
        source, id);
    token.id = *number;
    RequireId(token.id, token.content, source);
    tokens.push_back(std::move(token));
  }
  return tokens;
}

TokenizerFiles ReadTokenizerFiles(const fs::path& folder,
                                  TokenizerFiles files) {
  const fs::path whole = folder / "tokenizer.json";
  const fs::path vocabulary = folder / "vocab.json";
  const fs::path merges = folder / "merges.txt";
  const std::optional<Json> tokenizer = ReadOptionalObject(whole);
  if (tokenizer) {
    files.source = whole.string();
    const auto model = tokenizer->find("model");
    EYECHART_REQUIRE(model != tokenizer->end() && model->is_object() &&
                         model->contains("vocab") && model->contains("merges"),
                     "{}: no byte-pair model with \"vocab\" and \"merges\"",
                     files.source);
    files.vocabulary = ReadVocabulary(model->at("vocab"), files.source);
    files.merges = ReadMerges(model->at("merges"), files.source);
  } else {
    EYECHART_REQUIRE(
        fs::is_regular_file(vocabulary) && fs::is_regular_file(merges),
        "{}: no tokenizer; there should be tokenizer.json, or vocab.json and "
        "merges.txt",
        folder.string());
    files.source = vocabulary.string();
    files.vocabulary = ReadVocabulary(ReadJsonFile(vocabulary), files.source);
    ReadMergesText(merges, files);
  }
  ReadSpecialTokens(folder, tokenizer, files);
  return files;
}

}  // namespace eyechart::encoders
