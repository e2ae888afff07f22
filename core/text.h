// Small text helpers: nearest names, globs, numbers that read back, UTF-8's
// mark.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace eyechart {

/// Levenshtein distance in bytes.
std::size_t EditDistance(std::string_view a, std::string_view b);

/// The candidate nearest to `name`, if one is near enough to be a likely slip
/// (at most a third of its length, and at least 2, edits away).
std::optional<std::string> NearestName(
    std::string_view name, const std::vector<std::string>& candidates);

/// ` (did you mean "x"?)`, or nothing where no candidate is near.
std::string DidYouMean(std::string_view name,
                       const std::vector<std::string>& candidates);

/// Shell-like match of a whole text: `*` any run, `?` any one byte.
bool GlobMatch(std::string_view pattern, std::string_view text);

/// The shortest decimal text that reads back to the same double.
std::string FormatDouble(double value);

/// The whole of `text` as a number, or nothing.
std::optional<double> ParseDouble(std::string_view text);
std::optional<std::int64_t> ParseInt(std::string_view text);

/// The byte order mark that some programs begin a UTF-8 file with; no part of
/// its text.
inline constexpr std::string_view kUtf8Mark = "\xEF\xBB\xBF";
/// `text` behind the mark, where it begins with one.
std::string_view WithoutUtf8Mark(std::string_view text);

/// Whether `text` is well-formed UTF-8, the only text that JSON has.
bool IsUtf8(std::string_view text);
/// `text` with each byte that is no part of UTF-8 as \xf6, so that it can be
/// shown and stand in JSON; other text as it is.
std::string EscapeNotUtf8(std::string_view text);

/// `text` up to its first line feed.
std::string FirstLine(std::string_view text);

/// `text` with &, <, >, " and ' escaped for HTML text and attributes.
std::string EscapeHtml(std::string_view text);

/// RFC 4648 base 64 with padding.
std::string Base64(std::string_view bytes);

/// Now, as RFC 3339 in UTC with seconds: 2026-11-23T20:44:00Z.
std::string UtcNow();

}  // namespace eyechart
