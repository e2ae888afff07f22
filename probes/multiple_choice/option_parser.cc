#include "probes/multiple_choice/option_parser.h"

#include <algorithm>
#include <array>
#include <set>

#include "core/error.h"
#include "probes/multiple_choice/words.h"

namespace eyechart::multiple_choice {
namespace {

constexpr std::array<std::string_view, 3> kArticles = {"a", "an", "the"};

// What may stand between "answer" or "option" and the mark.
constexpr std::array<std::string_view, 15> kFillers = {
    "is",  "are", "was",  "would", "should", "must",   "be",      "will",
    "the", "to",  "this", "that",  "letter", "number", "question"};

// What follows a mark but never an article with its noun.
constexpr std::array<std::string_view, 18> kAfterMark = {
    "is",   "was",   "because", "since",   "as",    "and",
    "or",   "but",   "which",   "due",     "given", "not",
    "with", "seems", "matches", "appears", "here",  "for"};

template <std::size_t N>
bool Contains(const std::array<std::string_view, N>& list,
              std::string_view word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

// Which option `word` marks, if any of `count`.
std::optional<int> MarkOf(const std::string& word,
                          std::size_t count,
                          Notation notation) {
  if (word.size() != 1) return std::nullopt;
  const int index = word.front() - (notation == Notation::kLetters ? 'a' : '1');
  if (index < 0 || index >= static_cast<int>(count)) return std::nullopt;
  return index;
}

class Text {
 public:
  explicit Text(std::string_view text)
      : text_(PlainPunctuation(text)), words_(Words(text_)) {}

  std::set<int> Marks(std::size_t options, Notation notation) const {
    std::set<int> found;
    for (std::size_t i = 0; i < words_.size(); ++i) {
      const std::optional<int> mark = MarkOf(words_[i].text, options, notation);
      if (mark && (Alone() || InBrackets(i) || BeforeMarkSign(i) || Led(i)))
        found.insert(*mark);
    }
    return found;
  }

  std::set<int> Named(const std::vector<std::string>& options) const {
    struct Span {
      int option;
      std::size_t begin, end;  // words
    };
    std::vector<Span> spans;
    for (std::size_t o = 0; o < options.size(); ++o) {
      const std::string plain = PlainPunctuation(options[o]);
      const std::vector<Word> wanted = Words(plain);
      const std::size_t n = wanted.size();
      if (n == 0) continue;
      const bool article = n == 1 && Contains(kArticles, wanted[0].text);
      for (std::size_t i = 0; i + n <= words_.size(); ++i) {
        if (article && words_.size() != 1) break;
        if (std::equal(
                wanted.begin(), wanted.end(), words_.begin() + i,
                [](const Word& a, const Word& b) { return a.text == b.text; }))
          spans.push_back({static_cast<int>(o), i, i + n});
      }
    }
    std::set<int> found;
    for (const Span& span : spans) {
      const bool part =
          std::any_of(spans.begin(), spans.end(), [&span](const Span& other) {
            return other.begin <= span.begin && other.end >= span.end &&
                   other.end - other.begin > span.end - span.begin;
          });
      if (!part) found.insert(span.option);
    }
    return found;
  }

 private:
  char At(std::size_t place) const {
    return place < text_.size() ? text_[place] : '\0';
  }
  // The next byte that is neither blank nor emphasis from `place` on.
  char Behind(std::size_t place) const {
    const std::size_t next = text_.find_first_not_of(" \t\r\n*_`\"'", place);
    return next == std::string::npos ? '\0' : text_[next];
  }
  char Before(std::size_t place) const {
    while (place > 0 &&
           std::string_view(" \t\r\n*_`\"'").find(text_[place - 1]) !=
               std::string_view::npos)
      --place;
    return place == 0 ? '\0' : text_[place - 1];
  }

  // A word and at most punctuation around it.
  bool Alone() const { return words_.size() == 1; }

  bool InBrackets(std::size_t i) const {
    const char open = Before(words_[i].begin);
    const char close = Behind(words_[i].end);
    return (open == '(' && close == ')') || (open == '[' && close == ']') ||
           (open == '{' && close == '}');
  }

  // "b)", "B.", "b:", as a word of its own: not "a.m." and not "U.S.A.".
  bool BeforeMarkSign(std::size_t i) const {
    const Word& word = words_[i];
    std::size_t sign = word.end;
    while (At(sign) == '*' || At(sign) == '_') ++sign;
    const char c = At(sign);
    if (c != ')' && c != '.' && c != ':') return false;
    if (word.begin > 0 &&
        std::string_view(" \t\r\n(*_`\"'[{,;:->/")
                .find(text_[word.begin - 1]) == std::string_view::npos)
      return false;
    const bool abbreviation = c == '.' && i + 1 < words_.size() &&
                              words_[i + 1].begin == sign + 1 &&
                              words_[i + 1].text.size() == 1;
    return !abbreviation;
  }

  // After "answer" or "option", and not an article or a count with its noun.
  bool Led(std::size_t i) const {
    std::size_t lead = i;
    while (lead > 0 && Contains(kFillers, words_[lead - 1].text)) --lead;
    if (lead == 0) return false;
    const std::string& word = words_[lead - 1].text;
    const bool option = word == "option";
    if (!option && word != "answer") return false;
    // A sentence ends between: the lead belongs to another one.
    const std::string between = text_.substr(
        words_[lead - 1].end, words_[i].begin - words_[lead - 1].end);
    if (between.find_first_of(".;?!,") != std::string::npos) return false;
    if (option && lead == i && between == " ") return true;
    if (i + 1 == words_.size()) return true;
    const bool joined =
        text_.find_first_not_of(" \t", words_[i].end) == words_[i + 1].begin;
    const bool noun_follows =
        joined && !Contains(kAfterMark, words_[i + 1].text);
    const bool may_be_noun_phrase =
        words_[i].text == "a" || (words_[i].text[0] <= '9');
    return !(noun_follows && may_be_noun_phrase);
  }

  std::string text_;
  std::vector<Word> words_;
};

ParsedAnswer OnlyOption(const std::set<int>& found) {
  if (found.size() == 1) return {*found.begin(), false};
  return {std::nullopt, found.size() > 1};
}

}  // namespace

std::string_view NotationName(Notation notation) {
  return notation == Notation::kLetters ? "letters" : "numbers";
}

Notation ParseNotation(const std::string& name) {
  if (name == "letters") return Notation::kLetters;
  if (name == "numbers") return Notation::kNumbers;
  ThrowInput("notation \"{}\": should be letters or numbers", name);
}

ParsedAnswer ParseOption(std::string_view text,
                         const std::vector<std::string>& options,
                         Notation notation) {
  const Text answer(text);
  const std::set<int> marks = answer.Marks(options.size(), notation);
  return OnlyOption(marks.empty() ? answer.Named(options) : marks);
}

}  // namespace eyechart::multiple_choice
