// What the formats of prompts share: checks of their texts, and the choice of a
// section among Python lists.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "probes/heads/prompt_file.h"
#include "probes/heads/python_lists.h"

namespace eyechart::probes::internal {

/// `content` without a byte-order mark, and with LF alone at its lines' ends.
std::string Normalized(std::string_view content);

/// ASCII letters in lower case, white space at the ends gone.
std::string Folded(std::string_view text);

/// Adds a template with its placeholder as `{}`. `place` is "line 3" or such.
/// Throws InputError unless there is one placeholder and no other brace.
void AddTemplate(const std::string& text,
                 const std::string& source,
                 const std::string& place,
                 PromptFile& prompts);

/// Adds a class by its names, of which the first counts. Throws InputError for
/// blank names, and for several names of one that stands twice.
void AddClass(const std::vector<std::string>& names,
              const std::string& source,
              const std::string& place,
              PromptFile& prompts);

/// Throws InputError that lists `sections`, of which `wanted` ("": none) is not
/// one alone.
[[noreturn]] void ThrowSections(const std::string& source,
                                const std::string& wanted,
                                const std::vector<std::string>& sections);

/// A Python list, and the Markdown heading above it.
struct HeadedList {
  std::string heading;
  PythonList list;
};

/// Templates and classes of `section` among `lists`, as ParsePrompts says.
void ChooseLists(const std::vector<HeadedList>& lists,
                 const std::string& source,
                 const std::string& section,
                 PromptFile& prompts);

/// Throws InputError for more source code than a list of texts takes.
void RequireCodeSize(std::string_view code, const std::string& source);

/// The formats' readers, of normalized text.
void ReadPython(std::string_view code,
                const std::string& source,
                const std::string& section,
                PromptFile& prompts);
void ReadJson(std::string_view text,
              const std::string& source,
              const std::string& section,
              PromptFile& prompts);

}  // namespace eyechart::probes::internal
