#include "probes/heads/prompt_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <system_error>
#include <utility>

#include "core/error.h"
#include "core/files.h"
#include "core/hash.h"
#include "core/text.h"
#include "probes/heads/prompt_lists.h"

namespace eyechart::probes {
namespace {

using internal::AddTemplate;
using internal::Folded;
using internal::HeadedList;

// Notebooks hold pictures.
constexpr std::uintmax_t kMostBytes = 64 << 20;

constexpr const char* kSimple = "simple";
constexpr const char* kSimpleTemplate = "a photo of a {}.";

// Calls `take(line, number)` for each line of `text`.
template <typename Take>
void EachLine(std::string_view text, const Take& take) {
  for (int number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    take(text.substr(0, end), number);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

void ReadText(std::string_view text,
              const std::string& source,
              PromptFile& prompts) {
  EachLine(text, [&](std::string_view line, int number) {
    constexpr std::string_view kBlank = " \t\f\v";
    const std::size_t begin = line.find_first_not_of(kBlank);
    if (begin == line.npos || line[begin] == '#') return;
    line = line.substr(begin, line.find_last_not_of(kBlank) - begin + 1);
    AddTemplate(std::string(line), source, fmt::format("line {}", number),
                prompts);
  });
}

// The marks that open or close a fenced block (CommonMark 0.31, 4.5), or "".
std::string_view Fence(std::string_view line) {
  const std::size_t begin = std::min(line.find_first_not_of(' '), line.size());
  if (begin > 3 || begin == line.size()) return {};
  const char mark = line[begin];
  if (mark != '`' && mark != '~') return {};
  const std::size_t end =
      std::min(line.find_first_not_of(mark, begin), line.size());
  return end - begin < 3 ? std::string_view{} : line.substr(begin, end - begin);
}

// The text of a heading `# ...`, or "".
std::string Heading(std::string_view line) {
  const std::size_t level = line.find_first_not_of('#');
  if (level == 0 || level > 6 || (line[level] != ' ' && line[level] != '\t'))
    return "";
  const std::size_t begin = line.find_first_not_of(" \t", level);
  if (begin == line.npos) return "";
  line.remove_prefix(begin);
  line = line.substr(0, line.find_last_not_of(" \t") + 1);
  // Marks may close a heading; those of `C#` are its text.
  const std::size_t text = line.find_last_not_of('#');
  if (text != line.npos && text + 1 < line.size() && line[text] == ' ')
    line = line.substr(0, line.find_last_not_of(" \t", text) + 1);
  return std::string(line);
}

void ReadMarkdown(std::string_view text,
                  const std::string& source,
                  const std::string& section,
                  PromptFile& prompts) {
  internal::RequireCodeSize(text, source);
  std::vector<HeadedList> lists;
  std::string heading, block;
  std::string_view open;
  int first = 0;
  const auto end_block = [&] {
    for (PythonList& list : FindPythonLists(block, first))
      lists.push_back({heading, std::move(list)});
    block.clear();
    open = {};
  };
  EachLine(text, [&](std::string_view line, int number) {
    const std::string_view fence = Fence(line);
    if (!open.empty()) {
      const bool closes =
          fence.starts_with(open) &&
          line.find_last_not_of(" \t") + 1 == line.find(fence) + fence.size();
      if (closes) return end_block();
      block.append(line);
      block += '\n';
    } else if (!fence.empty()) {
      open = fence;
      first = number + 1;
    } else if (std::string title = Heading(line); !title.empty()) {
      heading = std::move(title);
    }
  });
  end_block();
  internal::ChooseLists(lists, source, section, prompts);
}

bool IsFile(const std::string& path) {
  std::error_code error;
  // Not only regular files: a shell's <(command) is none.
  return std::filesystem::exists(path, error) &&
         !std::filesystem::is_directory(path, error);
}

}  // namespace

PromptFormat PromptFormatOf(std::string_view path) {
  const std::string name = Folded(path);
  if (name.ends_with(".json") || name.ends_with(".ipynb"))
    return PromptFormat::kJson;
  if (name.ends_with(".md") || name.ends_with(".markdown"))
    return PromptFormat::kMarkdown;
  return name.ends_with(".py") ? PromptFormat::kPython : PromptFormat::kText;
}

PromptFile ParsePrompts(std::string_view content,
                        PromptFormat format,
                        const std::string& source,
                        const std::string& section) {
  PromptFile prompts;
  prompts.source = section.empty() ? source : source + "#" + section;
  prompts.sha256 = Sha256Hex(content);
  const std::string text = internal::Normalized(content);
  switch (format) {
    case PromptFormat::kText:
      EYECHART_REQUIRE(Folded(section).empty(),
                       "{}: a text file has no sections, so none is called "
                       "\"{}\"",
                       source, section);
      ReadText(text, source, prompts);
      break;
    case PromptFormat::kJson:
      internal::ReadJson(text, source, section, prompts);
      break;
    case PromptFormat::kMarkdown:
      ReadMarkdown(text, source, section, prompts);
      break;
    case PromptFormat::kPython:
      internal::ReadPython(text, source, section, prompts);
  }
  EYECHART_REQUIRE(!prompts.templates.empty(),
                   "{}: no template; one a line, such as \"{}\"", source,
                   kSimpleTemplate);
  return prompts;
}

PromptFile ReadPrompts(const std::string& what) {
  if (what == kSimple) {
    PromptFile prompts;
    prompts.templates = {kSimpleTemplate};
    prompts.source = what;
    prompts.sha256 = Sha256Hex(kSimpleTemplate);
    return prompts;
  }
  std::string path = what, section;
  // A # may be part of the path as well as of the section.
  for (std::size_t mark = what.find('#'); mark != what.npos && !IsFile(path);
       mark = what.find('#', mark + 1)) {
    path = what.substr(0, mark);
    section = what.substr(mark + 1);
  }
  EYECHART_REQUIRE(IsFile(path),
                   "prompts \"{}\": no such file, and no built-in set; those "
                   "are: {}{}",
                   what, kSimple, DidYouMean(what, {kSimple}));
  return ParsePrompts(ReadFile(path, kMostBytes), PromptFormatOf(path), path,
                      section);
}

std::string FillTemplate(const std::string& prompt,
                         const std::string& class_name,
                         const FillOptions& options) {
  std::size_t length = 2;
  std::size_t at = prompt.find("{}");
  if (at == prompt.npos) {
    length = 3;
    at = prompt.find("{c}");
  }
  EYECHART_CHECK(at != prompt.npos, "no placeholder in \"{}\"", prompt);
  std::string name = class_name;
  if (options.underscores_to_blanks)
    std::replace(name.begin(), name.end(), '_', ' ');
  return prompt.substr(0, at) + name + prompt.substr(at + length);
}

}  // namespace eyechart::probes
