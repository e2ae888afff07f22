#include "encoders/text_normalizer.h"

#include <openssl/evp.h>
#include <unicode/normalizer2.h>
#include <unicode/regex.h>
#include <unicode/uchar.h>
#include <unicode/uniset.h>
#include <unicode/unistr.h>

#include <memory>

#include "core/error.h"
#include "encoders/charsmap.h"
#include "encoders/clip_text_rules.h"

namespace eyechart::encoders {
namespace {

using Step = std::function<std::string(const std::string&)>;
using ByCharacter = void (*)(char32_t, std::u32string&);

// Text towers read some dozens of tokens of a text.
constexpr std::size_t kMostNormalBytes = std::size_t{4} << 20;

void RequireBoundedText(std::size_t bytes, const std::string& source) {
  EYECHART_REQUIRE(bytes <= kMostNormalBytes,
                   "{}: a text becomes longer than {} bytes; its replacements "
                   "should not make more of it",
                   source, kMostNormalBytes);
}

std::string EachCharacter(const std::string& text, ByCharacter change) {
  std::u32string result;
  for (const char32_t c : DecodeUtf8(text)) change(c, result);
  return EncodeUtf8(result);
}

void Lower(char32_t c, std::u32string& result) {
  // The one character whose lower case is two.
  if (c == U'\u0130')
    result += U"i\u0307";
  else
    result.push_back(static_cast<char32_t>(u_tolower(static_cast<UChar32>(c))));
}

// The reference's tables for Unicode forms and marks are those of Unicode 9: it
// leaves younger characters as they are.
constexpr std::uint8_t kTablesVersion = 9;

void DropMarks(char32_t c, std::u32string& result) {
  const auto code = static_cast<UChar32>(c);
  UVersionInfo age;
  u_charAge(code, age);
  bool mark = (U_GET_GC_MASK(code) & U_GC_M_MASK) != 0;
  // The three whose kind has changed since.
  if (c == 0x1CF2 || c == 0x1CF3) mark = true;
  if (c == 0x111C9) mark = false;
  if (!mark || age[0] > kTablesVersion) result.push_back(c);
}

// The control characters that SentencePiece's "nmt" rules drop or make blank.
void Nmt(char32_t c, std::u32string& result) {
  if ((c >= 0x01 && c <= 0x08) || c == 0x0B || (c >= 0x0E && c <= 0x1F) ||
      c == 0x7F || c == 0x8F || c == 0x9F)
    return;
  const bool blank = c == 0x09 || c == 0x0A || c == 0x0C || c == 0x0D ||
                     c == 0x1680 || (c >= 0x200B && c <= 0x200F) ||
                     c == 0x2028 || c == 0x2029 || c == 0x2581 || c == 0xFEFF ||
                     c == 0xFFFD;
  result.push_back(blank ? U' ' : c);
}

Step UnicodeForm(const char* form, UNormalization2Mode mode) {
  UErrorCode status = U_ZERO_ERROR;
  const icu::Normalizer2* normalizer =
      icu::Normalizer2::getInstance(nullptr, form, mode, status);
  EYECHART_CHECK(U_SUCCESS(status), "ICU has no {}", form);
  auto known = std::make_shared<icu::UnicodeSet>(
      icu::UnicodeString(fmt::format("[:age={}.0:]", kTablesVersion).c_str()),
      status);
  EYECHART_CHECK(U_SUCCESS(status), "ICU has no ages");
  const auto filtered =
      std::make_shared<icu::FilteredNormalizer2>(*normalizer, *known);
  return [known, filtered](const std::string& text) {
    UErrorCode code = U_ZERO_ERROR;
    std::string result;
    icu::UnicodeString normal;
    filtered->normalize(icu::UnicodeString::fromUTF8(text), normal, code)
        .toUTF8String(result);
    EYECHART_CHECK(U_SUCCESS(code), "Unicode normalisation");
    return result;
  };
}

// ICU's \s lacks two of Unicode's white spaces, which Oniguruma's has.
std::string WithUnicodeSpaces(const std::string& pattern) {
  std::string result;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] != '\\' || i + 1 == pattern.size()) {
      result += pattern[i];
      continue;
    }
    ++i;
    if (pattern[i] == 's')
      result += "\\p{White_Space}";
    else if (pattern[i] == 'S')
      result += "\\P{White_Space}";
    else
      result += {'\\', pattern[i]};
  }
  return result;
}

Step ReplaceText(const std::string& from,
                 const std::string& to,
                 const std::string& source) {
  return [from, to, source](const std::string& text) {
    if (from.empty()) return text;
    std::string result;
    std::size_t begin = 0;
    for (std::size_t at; (at = text.find(from, begin)) != std::string::npos;
         begin = at + from.size()) {
      result.append(text, begin, at - begin).append(to);
      // Not behind the loop alone: one step, too, may multiply.
      RequireBoundedText(result.size(), source);
    }
    return result.append(text, begin);
  };
}

Step ReplaceRegex(const std::string& pattern,
                  const std::string& to,
                  const std::string& source) {
  UErrorCode status = U_ZERO_ERROR;
  UParseError where;
  const std::shared_ptr<icu::RegexPattern> compiled(icu::RegexPattern::compile(
      icu::UnicodeString::fromUTF8(WithUnicodeSpaces(pattern)), where, status));
  EYECHART_REQUIRE(U_SUCCESS(status), "{}: \"{}\" is no regular expression: {}",
                   source, pattern, u_errorName(status));
  const icu::UnicodeString by = icu::UnicodeString::fromUTF8(to);
  return [compiled, by, source](const std::string& text) {
    UErrorCode code = U_ZERO_ERROR;
    const icu::UnicodeString input = icu::UnicodeString::fromUTF8(text);
    const std::unique_ptr<icu::RegexMatcher> matcher(
        compiled->matcher(input, code));
    icu::UnicodeString changed;
    std::int32_t begin = 0;
    while (U_SUCCESS(code) && matcher->find(code)) {
      const std::int32_t start = matcher->start(code);
      changed.append(input, begin, start - begin);
      changed.append(by);
      // A unit is at least a byte.
      RequireBoundedText(static_cast<std::size_t>(changed.length()), source);
      begin = matcher->end(code);
    }
    EYECHART_REQUIRE(U_SUCCESS(code),
                     "{}: a regular expression does not come to an end on a "
                     "text of {} bytes: {}",
                     source, text.size(), u_errorName(code));
    changed.append(input, begin, input.length() - begin);
    std::string result;
    return changed.toUTF8String(result);
  };
}

Step Replace(const Json& json, const std::string& source) {
  const auto pattern = json.find("pattern");
  EYECHART_REQUIRE(pattern != json.end() && pattern->is_object(),
                   "{}: a Replace should have a \"pattern\"", source);
  const auto to = JsonGet<std::string>(json, "content", source);
  if (pattern->contains("String"))
    return ReplaceText(JsonGet<std::string>(*pattern, "String", source), to,
                       source);
  return ReplaceRegex(JsonGet<std::string>(*pattern, "Regex", source), to,
                      source);
}

Step Strip(bool left, bool right) {
  return [left, right](const std::string& text) {
    const std::u32string points = DecodeUtf8(text);
    std::u32string_view view(points);
    while (left && !view.empty() && IsWhiteSpace(view.front()))
      view.remove_prefix(1);
    while (right && !view.empty() && IsWhiteSpace(view.back()))
      view.remove_suffix(1);
    return EncodeUtf8(view);
  };
}

std::string DecodeBase64(const std::string& text, const std::string& source) {
  std::string bytes(text.size() / 4 * 3 + 3, '\0');
  const int length =
      EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                      reinterpret_cast<const unsigned char*>(text.data()),
                      static_cast<int>(text.size()));
  EYECHART_REQUIRE(length >= 0, "{}: \"precompiled_charsmap\" is not base64",
                   source);
  bytes.resize(static_cast<std::size_t>(length));
  // The decoder counts padding as bytes.
  for (std::size_t i = text.size(); i > 0 && text[i - 1] == '='; --i)
    if (!bytes.empty()) bytes.pop_back();
  return bytes;
}

}  // namespace

TextNormalizer::TextNormalizer(const Json& json, const std::string& source)
    : source_(source + ": \"normalizer\"") {
  if (!json.is_null()) Add(json, source_);
}

void TextNormalizer::Add(const Json& json, const std::string& source) {
  EYECHART_REQUIRE(json.is_object(), "{}: should be an object", source);
  const auto type = JsonGet<std::string>(json, "type", source);
  if (type == "Sequence") {
    const auto parts = json.find("normalizers");
    EYECHART_REQUIRE(parts != json.end() && parts->is_array(),
                     "{}: a Sequence should have a list of \"normalizers\"",
                     source);
    for (const Json& part : *parts) Add(part, source);
  } else if (type == "Lowercase") {
    steps_.emplace_back([](const auto& t) { return EachCharacter(t, &Lower); });
  } else if (type == "StripAccents") {
    steps_.emplace_back(
        [](const auto& t) { return EachCharacter(t, &DropMarks); });
  } else if (type == "Nmt") {
    steps_.emplace_back([](const auto& t) { return EachCharacter(t, &Nmt); });
  } else if (type == "NFC" || type == "NFKC") {
    steps_.push_back(
        UnicodeForm(type == "NFC" ? "nfc" : "nfkc", UNORM2_COMPOSE));
  } else if (type == "NFD" || type == "NFKD") {
    steps_.push_back(
        UnicodeForm(type == "NFD" ? "nfc" : "nfkc", UNORM2_DECOMPOSE));
  } else if (type == "Strip") {
    steps_.push_back(Strip(JsonGetOr<bool>(json, "strip_left", true, source),
                           JsonGetOr<bool>(json, "strip_right", true, source)));
  } else if (type == "Replace") {
    steps_.push_back(Replace(json, source));
  } else if (type == "Prepend") {
    const auto prefix = JsonGet<std::string>(json, "prepend", source);
    steps_.emplace_back([prefix](const std::string& text) {
      return text.empty() ? text : prefix + text;
    });
  } else if (type == "Precompiled") {
    const auto bytes = DecodeBase64(
        JsonGet<std::string>(json, "precompiled_charsmap", source), source);
    steps_.emplace_back(
        [map = std::make_shared<Charsmap>(bytes, source)](
            const std::string& text) { return map->Normalize(text); });
  } else {
    ThrowInput("{}: \"{}\" is not supported", source, type);
  }
}

std::string TextNormalizer::Normalize(std::string text) const {
  for (const Step& step : steps_) {
    text = step(text);
    RequireBoundedText(text.size(), source_);
  }
  return text;
}

}  // namespace eyechart::encoders
