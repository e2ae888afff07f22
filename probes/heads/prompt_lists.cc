#include "probes/heads/prompt_lists.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <utility>

#include "core/error.h"
#include "core/json.h"
#include "core/text.h"

namespace eyechart::probes::internal {
namespace {

constexpr std::string_view kBlank = " \t\n\r\f\v";

// A file that was named by mistake may have anything in place of a template.
std::string Shown(const std::string& text) {
  constexpr std::size_t kMost = 80;
  std::string shown = text.substr(0, kMost);
  for (char& c : shown)
    if (static_cast<unsigned char>(c) < 0x20) c = ' ';
  return text.size() > kMost ? shown + "..." : shown;
}

void RequireUtf8(const std::string& text,
                 const std::string& source,
                 const std::string& place) {
  try {
    static_cast<void>(Json(text).dump());
  } catch (const Json::exception&) {
    ThrowInput("{}: {}: the text is not UTF-8; save the file as UTF-8", source,
               place);
  }
}

std::string Place(int line) { return fmt::format("line {}", line); }

constexpr std::array<std::string_view, 2> kTemplateNames = {"templates",
                                                            "template"};
constexpr std::array<std::string_view, 3> kClassNames = {
    "classnames", "class_names", "classes"};

// What stands before one of `endings` in a list's name, folded: "imagenet" of
// IMAGENET_CLASSNAMES, "" of classes.
std::optional<std::string> Stem(const std::string& name,
                                std::span<const std::string_view> endings) {
  const std::string folded = Folded(name);
  for (const std::string_view ending : endings) {
    if (!folded.ends_with(ending)) continue;
    std::string stem = folded.substr(0, folded.size() - ending.size());
    while (stem.ends_with('_')) stem.pop_back();
    return stem;
  }
  return std::nullopt;
}

struct Candidate {
  const HeadedList* at;
  std::string stem;
};

std::vector<Candidate> Candidates(const std::vector<HeadedList>& lists,
                                  std::span<const std::string_view> endings) {
  std::vector<Candidate> found;
  for (const HeadedList& list : lists)
    if (const auto stem = Stem(list.list.name, endings))
      found.push_back({&list, *stem});
  return found;
}

// How a user names each: the heading where that tells, else the list.
std::vector<std::string> SectionNames(const std::vector<Candidate>& all) {
  std::vector<std::string> names;
  for (const Candidate& one : all) {
    const std::string& heading = one.at->heading;
    const auto same = std::count_if(
        all.begin(), all.end(),
        [&](const Candidate& other) { return other.at->heading == heading; });
    names.push_back(heading.empty() || same > 1 ? one.at->list.name : heading);
  }
  return names;
}

// No section could tell two lists of one name and heading apart.
void RequireNotTwice(const std::vector<Candidate>& lists,
                     const std::string& source) {
  for (std::size_t i = 1; i < lists.size(); ++i) {
    const PythonList& first = lists[i - 1].at->list;
    const PythonList& second = lists[i].at->list;
    if (first.name == second.name &&
        lists[i - 1].at->heading == lists[i].at->heading)
      ThrowInput(
          "{}: line {}: list {} is changed here, after line {}; there "
          "should be one",
          source, second.line, second.name, first.line);
  }
}

void RequireUsable(const PythonList& list, const std::string& source) {
  EYECHART_REQUIRE(list.problem.empty(), "{}: list {}: {}", source, list.name,
                   list.problem);
  EYECHART_REQUIRE(!list.elements.empty(), "{}: line {}: list {} is empty",
                   source, list.line, list.name);
}

// The list of class names that goes with `chosen`, or null.
const PythonList* ClassesOf(const Candidate& chosen,
                            const std::vector<Candidate>& templates,
                            const std::vector<HeadedList>& lists,
                            const std::string& source) {
  const auto elsewhere = [&](const Candidate& other) {
    return other.at->heading != chosen.at->heading;
  };
  std::vector<Candidate> near = Candidates(lists, kClassNames);
  near.erase(std::remove_if(near.begin(), near.end(), elsewhere), near.end());
  // The longest stem that the templates' ends with.
  const Candidate* best = nullptr;
  for (const Candidate& other : near) {
    const bool fits =
        other.stem == chosen.stem ||
        (!other.stem.empty() && chosen.stem.ends_with("_" + other.stem));
    if (!fits || (best && other.stem.size() < best->stem.size())) continue;
    EYECHART_REQUIRE(!best || other.stem != best->stem,
                     "{}: line {}: a second list of the classes of {}; the "
                     "first is at line {}",
                     source, other.at->list.line, chosen.at->list.name,
                     best->at->list.line);
    best = &other;
  }
  if (best) return &best->at->list;
  const auto beside =
      std::count_if(templates.begin(), templates.end(), std::not_fn(elsewhere));
  return near.size() == 1 && beside == 1 ? &near.front().at->list : nullptr;
}

}  // namespace

std::string Normalized(std::string_view content) {
  if (content.starts_with("\xef\xbb\xbf")) content.remove_prefix(3);
  std::string text;
  text.reserve(content.size());
  for (std::size_t i = 0; i < content.size(); ++i) {
    if (content[i] != '\r') {
      text += content[i];
    } else if (i + 1 == content.size() || content[i + 1] != '\n') {
      text += '\n';
    }
  }
  return text;
}

std::string Folded(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(kBlank);
  if (begin == text.npos) return "";
  std::string folded(
      text.substr(begin, text.find_last_not_of(kBlank) - begin + 1));
  for (char& c : folded)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return folded;
}

void AddTemplate(const std::string& text,
                 const std::string& source,
                 const std::string& place,
                 PromptFile& prompts) {
  RequireUtf8(text, source, place);
  std::string made;
  int placeholders = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = text.compare(at, 2, "{}") == 0    ? 2
                               : text.compare(at, 3, "{c}") == 0 ? 3
                                                                 : 0;
    EYECHART_REQUIRE(length > 0 || (text[at] != '{' && text[at] != '}'),
                     "{}: {}: template \"{}\" has a brace that is no "
                     "placeholder; that is {{}} or {{c}}",
                     source, place, Shown(text));
    if (length > 0)
      made += "{}";
    else
      made += text[at];
    placeholders += length > 0;
    at += std::max<std::size_t>(length, 1);
  }
  EYECHART_REQUIRE(placeholders == 1,
                   "{}: {}: template \"{}\" has {} placeholder{}; it should "
                   "have {{}} or {{c}} once, where the class's name goes",
                   source, place, Shown(text),
                   placeholders == 0 ? "no" : std::to_string(placeholders),
                   placeholders == 0 ? "" : "s");
  prompts.templates.push_back(std::move(made));
}

void AddClass(const std::vector<std::string>& names,
              const std::string& source,
              const std::string& place,
              PromptFile& prompts) {
  EYECHART_REQUIRE(!names.empty(), "{}: {}: a class without a name", source,
                   place);
  for (const std::string& name : names) {
    RequireUtf8(name, source, place);
    EYECHART_REQUIRE(name.find_first_not_of(kBlank) != name.npos,
                     "{}: {}: a blank class name", source, place);
  }
  const std::string& first = names.front();
  // Which of the two classes the other names are of could not be told.
  const bool unclear =
      prompts.other_names.contains(first) ||
      (names.size() > 1 &&
       std::find(prompts.classes.begin(), prompts.classes.end(), first) !=
           prompts.classes.end());
  EYECHART_REQUIRE(!unclear,
                   "{}: {}: class \"{}\" stands twice, with several names",
                   source, place, Shown(first));
  prompts.classes.push_back(first);
  if (names.size() > 1)
    prompts.other_names[first].assign(names.begin() + 1, names.end());
}

void ThrowSections(const std::string& source,
                   const std::string& wanted,
                   const std::vector<std::string>& sections) {
  const std::string there = fmt::format("{}", fmt::join(sections, ", "));
  if (wanted.empty())
    ThrowInput("{}: {} sets of templates; choose one with FILE#NAME: {}",
               source, sections.size(), there);
  const auto count = std::count_if(
      sections.begin(), sections.end(),
      [&](const std::string& one) { return Folded(one) == Folded(wanted); });
  ThrowInput("{}: {} set of templates is called \"{}\"{}; there {}: {}", source,
             count > 1 ? "more than one" : "no", wanted,
             count > 1 ? "" : DidYouMean(wanted, sections),
             sections.size() == 1 ? "is" : "are", there);
}

void ChooseLists(const std::vector<HeadedList>& lists,
                 const std::string& source,
                 const std::string& section,
                 PromptFile& prompts) {
  const std::vector<Candidate> all = Candidates(lists, kTemplateNames);
  EYECHART_REQUIRE(!all.empty(),
                   "{}: no list called templates or X_TEMPLATES, as in "
                   "templates = ['a photo of a {{}}.'] (in Markdown: within "
                   "``` fences)",
                   source);
  const std::string wanted = Folded(section);
  std::vector<Candidate> fit;
  for (const Candidate& one : all)
    if (wanted.empty() || wanted == Folded(one.at->heading) ||
        wanted == Folded(one.at->list.name) || wanted == one.stem)
      fit.push_back(one);
  RequireNotTwice(fit, source);
  if (fit.size() != 1)
    ThrowSections(source, section, SectionNames(fit.empty() ? all : fit));
  const PythonList& templates = fit.front().at->list;
  RequireUsable(templates, source);
  for (const PythonElement& element : templates.elements) {
    EYECHART_REQUIRE(!element.nested, "{}: line {}: a list within {}", source,
                     element.line, templates.name);
    AddTemplate(element.texts.front(), source, Place(element.line), prompts);
  }
  const PythonList* classes = ClassesOf(fit.front(), all, lists, source);
  if (classes == nullptr) return;
  RequireUsable(*classes, source);
  for (const PythonElement& element : classes->elements)
    AddClass(element.texts, source, Place(element.line), prompts);
}

void RequireCodeSize(std::string_view code, const std::string& source) {
  constexpr std::size_t kMost = 4 << 20;
  EYECHART_REQUIRE(code.size() <= kMost,
                   "{}: {} bytes of source; at most {} are read", source,
                   code.size(), kMost);
}

void ReadPython(std::string_view code,
                const std::string& source,
                const std::string& section,
                PromptFile& prompts) {
  RequireCodeSize(code, source);
  std::vector<HeadedList> lists;
  for (PythonList& list : FindPythonLists(code))
    lists.push_back({"", std::move(list)});
  ChooseLists(lists, source, section, prompts);
}

}  // namespace eyechart::probes::internal
