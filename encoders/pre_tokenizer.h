// The "pre_tokenizer" of a tokenizer.json.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"

namespace eyechart::encoders {

/// Cuts a normalised text into words, as Hugging Face tokenizers do: Metaspace,
/// Split at a text, WhitespaceSplit, and a Sequence of them.
class PreTokenizer {
 public:
  struct Word {
    std::u32string text;
    bool at_start;  // where the user's text begins
  };
  /// Appends the words of a word.
  using Step = std::function<void(Word, std::vector<Word>&)>;

  PreTokenizer() = default;
  /// `json` may be null: the text stays whole. Throws InputError naming
  /// `source` for a kind that is not listed above.
  PreTokenizer(const Json& json, const std::string& source);

  /// `at_start` says whether `text` begins where the user's text begins.
  std::vector<std::u32string> Split(std::u32string text, bool at_start) const;

 private:
  void Add(const Json& json, const std::string& source);

  std::vector<Step> steps_;
};

}  // namespace eyechart::encoders
