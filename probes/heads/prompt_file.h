// Prompts for zero-shot classification: templates, and perhaps class names,
// from the files that people have.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace eyechart::probes {

/// Templates to be filled with class names.
struct PromptFile {
  /// Each holds `{}` once, and no other brace.
  std::vector<std::string> templates;
  /// In the file's order, which is that of the labels; may be empty, and a name
  /// may stand twice.
  std::vector<std::string> classes;
  /// Of a class with several names (CLIP's FacialEmotionRecognition2013): by
  /// its first name, the others.
  std::map<std::string, std::vector<std::string>> other_names;
  std::string source;  // the file, with #SECTION where one was chosen
  std::string sha256;  // of the file's bytes, or of a built-in set's templates
};

enum class PromptFormat {
  /// A template a line; blank lines and those that begin with # are left out.
  kText,
  /// A list of templates; {"templates": [...], "classes": [...]}, of which the
  /// second may be absent and a class may be a list of names; an object of
  /// either by section; or a Jupyter notebook, whose code is read as Python.
  kJson,
  /// Python lists in fenced blocks, a section a heading (OpenAI's CLIP,
  /// data/prompts.md).
  kMarkdown,
  /// Python lists called `[X_]templates` and `[X_]classes`, `classnames` or
  /// `class_names`, in any case (open_clip, zero_shot_metadata.py).
  kPython,
};

/// By the name's end: .json and .ipynb, .md and .markdown, .py; else text.
PromptFormat PromptFormatOf(std::string_view path);

/// The prompts in `content`. `section` is a Markdown heading, a list's name
/// with or without `_templates`, or a JSON key, in any case; it may be "" where
/// there is one list of templates. Class names come along from the same heading
/// where the list's name fits (IMAGENET_CLASSNAMES with
/// OPENAI_IMAGENET_TEMPLATES) or there is but one of each. A placeholder is
/// `{}` or `{c}`. Nothing is executed. Throws InputError with `source`, the
/// line or key and the text: for a template without exactly one placeholder, a
/// section that is not there or not chosen (the sections are listed), a list
/// not made of texts, text that is not UTF-8.
PromptFile ParsePrompts(std::string_view content,
                        PromptFormat format,
                        const std::string& source,
                        const std::string& section = "");

/// `what` is a built-in set's name ("simple": `a photo of a {}.` alone), or
/// FILE or FILE#SECTION. A built-in name goes before a file, which `./` tells
/// apart. Throws InputError as ParsePrompts, and where there is neither.
PromptFile ReadPrompts(const std::string& what);

struct FillOptions {
  /// CLIP's own class lists have blanks; names of folders often have
  /// underscores in their place, which text towers read as other tokens.
  bool underscores_to_blanks = false;
};

/// `prompt` with its placeholder, `{}` or `{c}`, replaced by `class_name`.
/// Throws std::logic_error where it has none.
std::string FillTemplate(const std::string& prompt,
                         const std::string& class_name,
                         const FillOptions& options = {});

}  // namespace eyechart::probes
