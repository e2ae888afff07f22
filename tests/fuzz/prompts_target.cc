// Files of prompts in every format, and the lists of Python source in them.
#include "core/error.h"
#include "probes/heads/prompt_file.h"
#include "tests/fuzz/target.h"

namespace eyechart::fuzz {
namespace {

using probes::PromptFormat;

// What is promised of every template that is taken.
bool Fills(const std::string& text) {
  const std::size_t at = text.find("{}");
  return at != text.npos && text.find_first_of("{}", at + 2) == text.npos &&
         probes::FillTemplate(text, "X").size() == text.size() - 1;
}

}  // namespace

bool Reads(const std::string& input) {
  // The first line is the section, the rest the file.
  const std::size_t end = input.find('\n');
  const std::string section = input.substr(0, end);
  const std::string content = end == input.npos ? "" : input.substr(end + 1);
  bool read = false;
  for (const PromptFormat format :
       {PromptFormat::kText, PromptFormat::kJson, PromptFormat::kMarkdown,
        PromptFormat::kPython}) {
    try {
      const probes::PromptFile prompts =
          probes::ParsePrompts(content, format, "input", section);
      EYECHART_CHECK(!prompts.templates.empty(), "no template was taken");
      for (const std::string& text : prompts.templates)
        EYECHART_CHECK(Fills(text), "template \"{}\" was taken", text);
      read = true;
    } catch (const InputError&) {
    }
  }
  return read;
}

std::vector<std::string> Seeds() {
  return {
      "\n# comment\n\na drawing of a {}.\nthe {c}, far away\n",
      "\n[\"a {}\", \"caf\\u00e9 {c}\"]",
      "\n{\"templates\": [\"a {}\"], \"classes\": [\"x\", [\"y\", \"z\"]]}",
      "one\n{\"One\": [\"a {c}\"], \"two\": {\"templates\": [\"{}\"]}}",
      "\n{\"cells\": [{\"cell_type\": \"code\", \"source\": "
      "[\"templates = [\\n\", \"'a {}']\"]}]}",
      "shapes\n# All\n\n## Shapes ##\n\n```bash\nclasses = [\n    'disc',\n"
      "    [\"potter's wheel\", 'wheel'],\n]\n\ntemplates = [\n"
      "    'a \"{}\" there',  # why\n]\n```\n## Rest\n~~~\n"
      "templates = ('{c}',)\n~~~\n",
      "long_net\n'''doc'''\nLONG_NET_TEMPLATES = (\n"
      "    lambda c: f'a {c}.',\n    lambda x: (rf\"\\d {x}\" ' b'),\n)\n"
      "NET_TEMPLATES: list = ['\\x41\\u00e9\\'{}' \\\n]\n"
      "NET_CLASSNAMES = [\"tench\", 'can ' u'opener', r'\\n']; y = f(z=[1])\n",
  };
}

}  // namespace eyechart::fuzz
