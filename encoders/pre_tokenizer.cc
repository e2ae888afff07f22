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

// Cuts at each place where `mark` stands.
struct SplitAtText {
  enum class Behavior { kRemoved, kIsolated, kWithPrevious, kWithNext };
  std::u32string mark;
  Behavior behavior = Behavior::kIsolated;

  void operator()(const Word& whole, Words& words) const {
    const std::u32string_view text = whole.text;
    const auto add = [&](std::size_t begin, std::size_t end) {
      if (end > begin)
        words.push_back({std::u32string(text.substr(begin, end - begin)),
                         whole.at_start && begin == 0});
    };
    std::size_t begin = 0;  // of the word in work
    std::size_t from = 0;   // where the next mark is looked for
    for (std::size_t at; (at = text.find(mark, from)) != text.npos;) {
      from = at + mark.size();
      // Of marks in a row, the first goes with what stands before them and the
      // last with what stands behind.
      add(begin, behavior == Behavior::kWithPrevious ? from : at);
      if (behavior == Behavior::kIsolated) add(at, from);
      begin = behavior == Behavior::kWithNext ? at : from;
    }
    add(begin, text.size());
  }
};

SplitAtText ReadSplit(const Json& json, const std::string& source) {
  const auto pattern = json.find("pattern");
  EYECHART_REQUIRE(
      pattern != json.end() && pattern->is_object() &&
          pattern->contains("String"),
      "{}: a Split whose \"pattern\" is not {{\"String\": ...}} is "
      "not supported",
      source);
  EYECHART_REQUIRE(!JsonGetOr<bool>(json, "invert", false, source),
                   "{}: a Split with \"invert\" true is not supported", source);
  SplitAtText result;
  result.mark = DecodeUtf8(JsonGet<std::string>(*pattern, "String", source));
  EYECHART_REQUIRE(!result.mark.empty(),
                   "{}: a Split's \"pattern\" should not be empty", source);
  const auto behavior = JsonGet<std::string>(json, "behavior", source);
  if (behavior == "Removed") {
    result.behavior = SplitAtText::Behavior::kRemoved;
  } else if (behavior == "MergedWithPrevious") {
    result.behavior = SplitAtText::Behavior::kWithPrevious;
  } else if (behavior == "MergedWithNext") {
    result.behavior = SplitAtText::Behavior::kWithNext;
  } else {
    EYECHART_REQUIRE(behavior == "Isolated",
                     "{}: \"behavior\" is \"{}\"; it should be Removed, "
                     "Isolated, MergedWithPrevious or MergedWithNext",
                     source, behavior);
  }
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
  } else if (type == "Split") {
    steps_.emplace_back(ReadSplit(json, source));
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
