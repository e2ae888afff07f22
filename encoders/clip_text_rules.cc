#include "encoders/clip_text_rules.h"

#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>
#include <unicode/utf8.h>

#include <array>

#include "core/error.h"

namespace eyechart::encoders {
namespace {

UChar32 Code(char32_t c) { return static_cast<UChar32>(c); }

std::u32string ToNfc(std::u32string_view text) {
  UErrorCode status = U_ZERO_ERROR;
  const icu::Normalizer2* nfc = icu::Normalizer2::getNFCInstance(status);
  EYECHART_CHECK(U_SUCCESS(status), "ICU has no NFC");
  icu::UnicodeString source;
  for (const char32_t c : text) source.append(Code(c));
  const icu::UnicodeString normal = nfc->normalize(source, status);
  EYECHART_CHECK(U_SUCCESS(status), "NFC");
  std::u32string result;
  for (std::int32_t i = 0; i < normal.length();) {
    const UChar32 c = normal.char32At(i);
    result.push_back(static_cast<char32_t>(c));
    i += U16_LENGTH(c);
  }
  return result;
}

// The special tokens are in CLIP's pattern as words of their own; the
// byte-level pattern then cuts them at their bars. What is left of that is
// where the word before them ends.
std::size_t SpecialToken(std::u32string_view text) {
  for (const std::u32string_view token : {U"<|startoftext|>", U"<|endoftext|>"})
    if (text.starts_with(token)) return token.size();
  return 0;
}

template <typename Condition>
std::size_t RunLength(std::u32string_view text, Condition condition) {
  std::size_t length = 0;
  while (length < text.size() && condition(text[length])) ++length;
  return length;
}

}  // namespace

std::u32string DecodeUtf8(std::string_view text) {
  std::u32string result;
  result.reserve(text.size());
  const icu::UnicodeString decoded = icu::UnicodeString::fromUTF8(
      icu::StringPiece(text.data(), static_cast<std::int32_t>(text.size())));
  for (std::int32_t i = 0; i < decoded.length(); i = decoded.moveIndex32(i, 1))
    result.push_back(static_cast<char32_t>(decoded.char32At(i)));
  return result;
}

std::string EncodeUtf8(std::u32string_view text) {
  icu::UnicodeString source;
  for (const char32_t c : text) source.append(Code(c));
  std::string result;
  return source.toUTF8String(result);
}

bool IsWhiteSpace(char32_t c) { return u_isUWhiteSpace(Code(c)) != 0; }

bool IsPythonSpace(char32_t c) {
  return IsWhiteSpace(c) || (c >= U'\x1c' && c <= U'\x1f');
}

std::string StripPythonSpace(std::string_view text) {
  const std::u32string points = DecodeUtf8(text);
  std::size_t begin = 0, end = points.size();
  while (begin < end && IsPythonSpace(points[begin])) ++begin;
  while (end > begin && IsPythonSpace(points[end - 1])) --end;
  return EncodeUtf8(std::u32string_view(points).substr(begin, end - begin));
}

bool IsLetter(char32_t c) {
  return (U_GET_GC_MASK(Code(c)) & U_GC_L_MASK) != 0;
}

bool IsNumber(char32_t c) {
  return (U_GET_GC_MASK(Code(c)) & U_GC_N_MASK) != 0;
}

std::size_t ContractionLength(std::u32string_view text) {
  constexpr std::array<std::u32string_view, 7> kContractions = {
      U"'s", U"'t", U"'re", U"'ve", U"'m", U"'ll", U"'d"};
  for (const std::u32string_view contraction : kContractions)
    if (text.starts_with(contraction)) return contraction.size();
  return 0;
}

bool IsWordCharacter(char32_t c) {
  constexpr std::uint32_t kMask = U_GC_M_MASK | U_GC_ND_MASK | U_GC_PC_MASK;
  return u_isUAlphabetic(Code(c)) || (U_GET_GC_MASK(Code(c)) & kMask) != 0 ||
         u_hasBinaryProperty(Code(c), UCHAR_JOIN_CONTROL);
}

std::u32string NormalizeForClip(std::u32string_view text) {
  std::u32string result;
  bool in_space = false;
  for (const char32_t c : ToNfc(text)) {
    const bool space = IsWhiteSpace(c);
    if (!space) {
      // The one character whose lower case is two.
      if (c == U'\u0130')
        result += U"i\u0307";
      else
        result.push_back(static_cast<char32_t>(u_tolower(Code(c))));
    } else if (!in_space) {
      result.push_back(U' ');
    }
    in_space = space;
  }
  return result;
}

std::vector<std::u32string_view> SplitForClip(std::u32string_view text) {
  std::vector<std::u32string_view> words;
  const auto is_other = [](char32_t c) {
    return !IsWhiteSpace(c) && !IsLetter(c) && !IsNumber(c);
  };
  for (std::size_t i = 0; i < text.size();) {
    const std::u32string_view rest = text.substr(i);
    std::size_t length = SpecialToken(rest);
    if (length > 0) {
      words.push_back(rest.substr(0, 2));
      words.push_back(rest.substr(2, length - 4));
      words.push_back(rest.substr(length - 2, 2));
      i += length;
      continue;
    }
    length = ContractionLength(rest);
    if (length == 0) length = RunLength(rest, IsLetter);
    if (length == 0) length = IsNumber(rest.front()) ? 1 : 0;
    if (length == 0) length = RunLength(rest, is_other);
    if (length > 0) words.push_back(rest.substr(0, length));
    i += length == 0 ? 1 : length;  // white space
  }
  return words;
}

}  // namespace eyechart::encoders
