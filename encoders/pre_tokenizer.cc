#include "encoders/pre_tokenizer.h"

#include <utility>

#include "core/error.h"
#include "encoders/clip_text_rules.h"

namespace eyechart::encoders {
namespace {

using Word = PreTokenizer::Word;
using Words = std::vector<Word>;

void SplitAtSpaces(const Word& whole, Words& words) {
  const std::u32string& text = whole.text;
  std::size_t begin = 0;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    if (i < text.size() && !IsWhiteSpace(text[i])) continue;
    if (i > begin)
      words.push_back(
          {text.substr(begin, i - begin), whole.at_start && begin == 0});
    begin = i + 1;
  }
}

// Blanks become `mark`, which may stand before the text too; a word begins at
// each mark.
struct Metaspace {
  char32_t mark = U'\u2581';
  enum class Prepend { kAlways, kFirst, kNever } prepend = Prepend::kAlways;
  bool split = true;

  void operator()(Word word, Words& words) const {
    std::u32string& text = word.text;
    for (char32_t& c : text)
      if (c == U' ') c = mark;
    const bool wants = prepend == Prepend::kAlways ||
                       (prepend == Prepend::kFirst && word.at_start);
    if (wants && !text.starts_with(mark)) text.insert(text.begin(), mark);
    if (!split) {
      words.push_back(std::move(word));
      return;
    }
    std::size_t begin = 0;
    for (std::size_t i = 1; i <= text.size(); ++i) {
      if (i < text.size() && text[i] != mark) continue;
      words.push_back(
          {text.substr(begin, i - begin), word.at_start && begin == 0});
      begin = i;
    }
  }
};

Metaspace ReadMetaspace(const Json& json, const std::string& source) {
  Metaspace result;
  const std::u32string mark =
      DecodeUtf8(JsonGetOr<std::string>(json, "replacement", "\u2581", source));
  EYECHART_REQUIRE(mark.size() == 1,
                   "{}: \"replacement\" should be one character", source);
  result.mark = mark[0];
  result.split = JsonGetOr<bool>(json, "split", true, source);
  // Files from before 2024 have a flag instead of a scheme.
  const bool flag = JsonGetOr<bool>(json, "add_prefix_space", true, source);
  const auto scheme = JsonGetOr<std::string>(json, "prepend_scheme",
                                             flag ? "always" : "never", source);
  EYECHART_REQUIRE(
      scheme == "always" || scheme == "first" || scheme == "never",
      "{}: \"prepend_scheme\" is \"{}\"; it should be always, first or never",
      source, scheme);
  if (scheme == "first") result.prepend = Metaspace::Prepend::kFirst;
  if (scheme == "never") result.prepend = Metaspace::Prepend::kNever;
  return result;
}

}  // namespace

PreTokenizer::PreTokenizer(const Json& json, const std::string& source) {
  if (!json.is_null()) Add(json, source + ": \"pre_tokenizer\"");
}

void PreTokenizer::Add(const Json& json, const std::string& source) {
  EYECHART_REQUIRE(json.is_object(), "{}: should be an object", source);
  const auto type = JsonGet<std::string>(json, "type", source);
  if (type == "Sequence") {
    const auto parts = json.find("pretokenizers");
    EYECHART_REQUIRE(parts != json.end() && parts->is_array(),
                     "{}: a Sequence should have a list of \"pretokenizers\"",
                     source);
    for (const Json& part : *parts) Add(part, source);
  } else if (type == "Metaspace") {
    steps_.emplace_back(ReadMetaspace(json, source));
  } else if (type == "WhitespaceSplit") {
    steps_.emplace_back(&SplitAtSpaces);
  } else {
    ThrowInput("{}: \"{}\" is not supported", source, type);
  }
}

std::vector<std::u32string> PreTokenizer::Split(std::u32string text,
                                                bool at_start) const {
  Words words;
  if (!text.empty()) words.push_back({std::move(text), at_start});
  for (const Step& step : steps_) {
    Words next;
    for (Word& word : words) step(std::move(word), next);
    words = std::move(next);
  }
  std::vector<std::u32string> result;
  for (Word& word : words) result.push_back(std::move(word.text));
  return result;
}

}  // namespace eyechart::encoders
