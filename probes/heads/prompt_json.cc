#include <fmt/format.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "core/json.h"
#include "probes/heads/prompt_lists.h"

namespace eyechart::probes::internal {
namespace {

std::vector<std::string> Texts(const Json& list,
                               const std::string& source,
                               const std::string& place) {
  EYECHART_REQUIRE(list.is_array() && !list.empty(),
                   "{}: {} should be a list of texts, and not empty", source,
                   place);
  std::vector<std::string> texts;
  for (const Json& text : list) {
    EYECHART_REQUIRE(text.is_string(), "{}: {}[{}] should be a text", source,
                     place, texts.size());
    texts.push_back(text.get<std::string>());
  }
  return texts;
}

void ReadJsonTemplates(const Json& list,
                       const std::string& source,
                       const std::string& place,
                       PromptFile& prompts) {
  int index = 0;
  for (const std::string& text : Texts(list, source, place))
    AddTemplate(text, source, fmt::format("{}[{}]", place, index++), prompts);
}

// A list of templates, or an object with one and perhaps classes.
void ReadJsonSet(const Json& set,
                 const std::string& source,
                 const std::string& before,
                 PromptFile& prompts) {
  if (!set.is_object()) {
    const std::size_t dot = before.rfind('.');
    return ReadJsonTemplates(
        set, source,
        dot == before.npos ? "the document" : before.substr(0, dot), prompts);
  }
  EYECHART_REQUIRE(set.contains("templates"),
                   "{}: key \"{}templates\" is missing; it should be a list "
                   "of texts",
                   source, before);
  ReadJsonTemplates(set["templates"], source, before + "templates", prompts);
  if (!set.contains("classes") || set["classes"].is_null()) return;
  const std::string place = before + "classes";
  const Json& classes = set["classes"];
  EYECHART_REQUIRE(classes.is_array() && !classes.empty(),
                   "{}: {} should be a list of texts, and not empty", source,
                   place);
  for (std::size_t i = 0; i < classes.size(); ++i) {
    const std::string at = fmt::format("{}[{}]", place, i);
    const Json& one = classes[i];
    EYECHART_REQUIRE(one.is_string() || one.is_array(),
                     "{}: {} should be a text", source, at);
    AddClass(one.is_string() ? std::vector<std::string>{one.get<std::string>()}
                             : Texts(one, source, at),
             source, at, prompts);
  }
}

// The code of a notebook's cells, each ended by a line end.
std::string NotebookCode(const Json& cells, const std::string& source) {
  std::string code;
  for (const Json& cell : cells) {
    EYECHART_REQUIRE(cell.is_object(), "{}: cells should hold objects", source);
    if (JsonGetOr<std::string>(cell, "cell_type", "", source) != "code" ||
        !cell.contains("source"))
      continue;
    const Json& lines = cell["source"];
    if (lines.is_string())
      code += lines.get<std::string>();
    else if (!lines.empty())
      for (const std::string& line : Texts(lines, source, "a cell's source"))
        code += line;
    code += '\n';
  }
  return code;
}

}  // namespace

void ReadJson(std::string_view text,
              const std::string& source,
              const std::string& section,
              PromptFile& prompts) {
  const Json json = ParseJson(text, source, DuplicateKeys::kRefuse);
  if (json.is_object() && json.contains("cells") && json["cells"].is_array())
    return ReadPython(Normalized(NotebookCode(json["cells"], source)), source,
                      section, prompts);
  EYECHART_REQUIRE(json.is_array() || (json.is_object() && !json.empty()),
                   "{}: should be a list of templates, or an object with "
                   "\"templates\" and perhaps \"classes\"",
                   source);
  if (json.is_array() || json.contains("templates")) {
    EYECHART_REQUIRE(Folded(section).empty(),
                     "{}: has no sections, so none is called \"{}\"", source,
                     section);
    return ReadJsonSet(json, source, "", prompts);
  }
  std::vector<std::string> names, fit;
  for (const auto& [key, value] : json.items()) {
    names.push_back(key);
    if (Folded(section).empty() || Folded(key) == Folded(section))
      fit.push_back(key);
  }
  if (fit.size() != 1)
    ThrowSections(source, section, fit.empty() ? names : fit);
  ReadJsonSet(json[fit.front()], source, fit.front() + ".", prompts);
}

}  // namespace eyechart::probes::internal
