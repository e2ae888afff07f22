#include "probes/heads/python_tokens.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <utility>

namespace eyechart::probes {
namespace {

bool StartsName(char c) {
  // Letters beyond ASCII may stand in names; which of them does not matter.
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

bool IsQuote(char c) { return c == '\'' || c == '"'; }

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return lower;
}

bool IsPrefix(std::string_view name) {
  const std::string lower = Lower(name);
  constexpr std::string_view kKnown[] = {"r",  "u",  "b",  "f",
                                         "rb", "br", "rf", "fr"};
  return std::find(std::begin(kKnown), std::end(kKnown), lower) !=
         std::end(kKnown);
}

// Nothing for surrogates and beyond U+10FFFF, which UTF-8 cannot say.
std::optional<std::string> Utf8(std::uint32_t point) {
  if (point > 0x10ffff || (point >= 0xd800 && point < 0xe000)) return {};
  std::string text;
  const auto add = [&text](std::uint32_t byte) {
    text += static_cast<char>(byte);
  };
  const auto rest = [&](int shift) { add(0x80 | (point >> shift & 0x3f)); };
  if (point < 0x80) {
    add(point);
  } else if (point < 0x800) {
    add(0xc0 | point >> 6);
    rest(0);
  } else if (point < 0x10000) {
    add(0xe0 | point >> 12);
    rest(6);
    rest(0);
  } else {
    add(0xf0 | point >> 18);
    rest(12);
    rest(6);
    rest(0);
  }
  return text;
}

std::string_view Trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t\n");
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\n") - begin + 1);
}

class Tokenizer {
 public:
  Tokenizer(std::string_view code, int line) : code_(code), line_(line) {}

  std::vector<PythonToken> Run() {
    while (at_ < code_.size()) Step();
    return std::move(tokens_);
  }

 private:
  char Here(std::size_t ahead = 0) const {
    return at_ + ahead < code_.size() ? code_[at_ + ahead] : '\0';
  }

  void Step() {
    const char c = Here();
    if (c == '\n') {
      ++line_;
      ++at_;
      joined_ = false;
    } else if (c == ' ' || c == '\t' || c == '\f') {
      ++at_;
    } else if (c == '\\' && Here(1) == '\n') {
      ++line_;
      at_ += 2;
      joined_ = true;
    } else if (c == '#') {
      at_ = std::min(code_.find('\n', at_), code_.size());
    } else if (IsQuote(c)) {
      String(at_, "");
    } else {
      Word();
    }
  }

  void Word() {
    const std::size_t begin = at_;
    const bool name = StartsName(Here());
    ++at_;
    if (name || IsDigit(code_[begin]))
      while (at_ < code_.size() && (StartsName(Here()) || IsDigit(Here())))
        ++at_;
    const std::string_view text = code_.substr(begin, at_ - begin);
    if (name && IsQuote(Here()) && IsPrefix(text)) return String(begin, text);
    PythonToken token;
    token.kind = name ? PythonToken::Kind::kName : PythonToken::Kind::kOther;
    token.text = text;
    token.line = token.last_line = line_;
    Add(std::move(token));
  }

  // A literal whose opening quote is at at_; its prefix began at `begin`.
  void String(std::size_t begin, std::string_view prefix) {
    const std::string marks = Lower(prefix);
    raw_ = marks.find('r') != marks.npos;
    formatted_ = marks.find('f') != marks.npos;
    token_ = {};
    token_.kind = PythonToken::Kind::kString;
    token_.line = line_;
    if (marks.find('b') != marks.npos) Problem("bytes are no text");
    text_.clear();
    quote_ = Here();
    triple_ = Here(1) == quote_ && Here(2) == quote_;
    at_ += triple_ ? 3 : 1;
    while (!Closes()) {
      if (at_ >= code_.size() || (Here() == '\n' && !triple_)) {
        Problem("a text without its closing quote");
        break;
      }
      Character();
    }
    if (Closes()) at_ += triple_ ? 3 : 1;
    EndPiece();
    token_.text = code_.substr(begin, at_ - begin);
    token_.last_line = line_;
    Add(std::move(token_));
  }

  void Add(PythonToken token) {
    token.joined = joined_;
    joined_ = false;
    tokens_.push_back(std::move(token));
  }

  bool Closes() const {
    return Here() == quote_ &&
           (!triple_ || (Here(1) == quote_ && Here(2) == quote_));
  }

  void Character() {
    const char c = Here();
    if (c == '\\' && at_ + 1 < code_.size()) {
      if (raw_) {
        // A raw string keeps the backslash, which still guards a quote.
        const bool guards = IsQuote(Here(1)) || Here(1) == '\\';
        text_ += code_.substr(at_, guards ? 2 : 1);
        at_ += guards ? 2 : 1;
      } else {
        Escape();
      }
    } else if (formatted_ && (c == '{' || c == '}')) {
      Brace(c);
    } else {
      if (c == '\n') ++line_;
      text_ += c;
      ++at_;
    }
  }

  void Brace(char c) {
    if (Here(1) == c) {  // doubled: the character itself
      text_ += c;
      at_ += 2;
      return;
    }
    ++at_;
    if (c == '}') return Problem("a single '}' in an f-string");
    EndPiece();
    const std::size_t begin = at_;
    while (at_ < code_.size() && Here() != '}' && Here() != '\n' && !Closes())
      ++at_;
    if (Here() != '}') return Problem("a field without its '}'");
    token_.pieces.push_back(
        {std::string(Trimmed(code_.substr(begin, at_ - begin))), true, true});
    ++at_;
  }

  void Escape() {
    const char kind = Here(1);
    at_ += 2;
    if (kind == '\n') {  // no text at all
      ++line_;
      return;
    }
    constexpr std::string_view kPlain = "\\'\"abfnrtv";
    constexpr std::string_view kMeaning = "\\'\"\a\b\f\n\r\t\v";
    const std::size_t plain = kPlain.find(kind);
    if (plain != kPlain.npos) {
      text_ += kMeaning[plain];
    } else if (kind >= '0' && kind <= '7') {
      std::size_t digits = 1;
      while (digits < 3 && Here(digits - 1) >= '0' && Here(digits - 1) <= '7')
        ++digits;
      --at_;
      Number(digits, digits, 8);
    } else if (kind == 'x' || kind == 'u' || kind == 'U') {
      const std::size_t wanted = kind == 'x' ? 2 : kind == 'u' ? 4 : 8;
      std::size_t digits = 0;
      while (digits < wanted &&
             std::string_view("0123456789abcdefABCDEF").find(Here(digits)) !=
                 std::string_view::npos)
        ++digits;
      Number(digits, wanted, 16);
    } else if (kind == 'N') {
      Problem("\\N{...} names are not known here");
    } else {
      text_ += '\\';  // Python keeps what it does not know
      --at_;          // and reads on behind it: f'\{c}' has a field
      if (!formatted_ || (kind != '{' && kind != '}')) {
        text_ += kind;
        ++at_;
      }
    }
  }

  void Number(std::size_t digits, std::size_t wanted, int base) {
    std::uint32_t point = 0;
    std::from_chars(code_.data() + at_, code_.data() + at_ + digits, point,
                    base);
    at_ += digits;
    const auto text = Utf8(point);
    if (digits != wanted || !text)
      return Problem("an escape that is no character");
    text_ += *text;
  }

  void EndPiece() {
    if (!text_.empty())
      token_.pieces.push_back({std::move(text_), false, formatted_});
    text_.clear();
  }

  void Problem(const char* what) {
    if (token_.problem.empty())
      token_.problem = fmt::format("line {}: {}", line_, what);
  }

  std::string_view code_;
  std::size_t at_ = 0;
  int line_;
  bool joined_ = false;
  std::vector<PythonToken> tokens_;
  // Of the literal being read.
  PythonToken token_;
  std::string text_;
  bool raw_ = false, formatted_ = false, triple_ = false;
  char quote_ = 0;
};

}  // namespace

std::vector<PythonToken> PythonTokens(std::string_view code, int first_line) {
  return Tokenizer(code, first_line).Run();
}

}  // namespace eyechart::probes
