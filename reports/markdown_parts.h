// Pieces of GitHub's Markdown that several documents are made of.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace eyechart::reports {

/// Text that Markdown takes as it is, inside a table too: one line.
std::string EscapeMarkdown(const std::string& text);

/// One line of a table; the cells are Markdown already.
std::string TableLine(const std::vector<std::string>& cells);

/// Header and rule; columns from `first_number` on are aligned to the right.
std::string TableHead(const std::vector<std::string>& names,
                      std::size_t first_number);

/// Text as a block of code, fenced longer than any fence inside it.
std::string CodeBlock(const std::string& text);

}  // namespace eyechart::reports
