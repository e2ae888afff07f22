// A command as one text, cut into words without a shell.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace eyechart::benchmarks {

/// Blanks part words. 'Single quotes' keep everything between them, "double
/// quotes" too, but for \" and \\; outside quotes a backslash keeps the next
/// character as it is. Nothing is expanded: no $, ~, * or pipe means anything.
/// Throws InputError for a quote that is not closed, a backslash at the end and
/// a text without words.
std::vector<std::string> CommandWords(std::string_view command);

}  // namespace eyechart::benchmarks
