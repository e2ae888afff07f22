// Text that any document can hold: what formats with rules of their own for
// characters (XML, workflow commands, OpenMetrics) start from.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace eyechart::reports {

/// `text` as UTF-8, ill-formed bytes as U+FFFD.
std::string AsUtf8(std::string_view text);

/// AsUtf8, and what XML 1.0 or HTML have no place for written out as JSON does
/// (`\u0007`): controls other than tab, line feed and carriage return, U+FFFE
/// and U+FFFF.
std::string VisibleText(std::string_view text);

/// The beginning of `text` (UTF-8) in at most `bytes` bytes, whole characters,
/// ended by U+2026 where something is left out. `bytes` is at least 3.
std::string CutText(std::string_view text, std::size_t bytes);

}  // namespace eyechart::reports
