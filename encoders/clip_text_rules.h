// What happens to a text before byte-pair encoding: CLIP's normalisation and
// its split into words.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace eyechart::encoders {

/// UTF-8 to code points; every ill-formed piece becomes U+FFFD.
std::u32string DecodeUtf8(std::string_view text);
std::string EncodeUtf8(std::u32string_view text);

/// Unicode's White_Space, without NUL-like controls.
bool IsWhiteSpace(char32_t c);
/// What Python's \s and str.strip take for white space: Unicode's, and four
/// separators (U+001C to U+001F) that are none to Unicode.
bool IsPythonSpace(char32_t c);
/// `text` (UTF-8) without such white space at its ends.
std::string StripPythonSpace(std::string_view text);
/// Unicode's categories L and N.
bool IsLetter(char32_t c);
bool IsNumber(char32_t c);
/// Letters, digits, marks and connectors: what a "whole word" ends at.
bool IsWordCharacter(char32_t c);

/// NFC, then runs of white space to one blank, then lower case a character at
/// a time (no final sigma). Source: the normaliser that transformers builds for
/// CLIP.
std::u32string NormalizeForClip(std::u32string_view text);

/// The length of the contraction ('s 't 're 've 'm 'll 'd) that `text` begins
/// with, or 0.
std::size_t ContractionLength(std::u32string_view text);

/// The words of a normalised text: contractions ('s 't 're 've 'm 'll 'd), runs
/// of letters, single numbers, runs of anything else but white space.
/// Source: the split pattern of CLIP's tokenizer, followed by that of
/// byte-level BPE.
std::vector<std::u32string_view> SplitForClip(std::u32string_view text);

}  // namespace eyechart::encoders
