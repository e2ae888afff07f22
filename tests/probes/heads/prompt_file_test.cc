#include "probes/heads/prompt_file.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "core/hash.h"
#include "tests/fixture.h"

namespace eyechart::probes {
namespace {

using eyechart::testing::InputErrorOf;
using Strings = std::vector<std::string>;

PromptFile Python(const std::string& code, const std::string& section = "") {
  return ParsePrompts(code, PromptFormat::kPython, "f.py", section);
}

PromptFile Markdown(const std::string& text, const std::string& section = "") {
  return ParsePrompts(text, PromptFormat::kMarkdown, "f.md", section);
}

PromptFile JsonPrompts(const std::string& text,
                       const std::string& section = "") {
  return ParsePrompts(text, PromptFormat::kJson, "f.json", section);
}

PromptFile Text(const std::string& text) {
  return ParsePrompts(text, PromptFormat::kText, "f.txt");
}

// The error of `read`, which must hold every one of `parts`.
template <typename Read>
void ExpectError(const Read& read, const Strings& parts) {
  const std::string error = InputErrorOf(read);
  ASSERT_NE(error, "");
  for (const std::string& part : parts)
    EXPECT_NE(error.find(part), std::string::npos)
        << part << " is not in: " << error;
}

TEST(PromptText, ATemplateALine) {
  const PromptFile prompts = Text(
      "\xef\xbb\xbf# mine\r\n\r\n  a photo of a {}. \r\n\t\n"
      "#{}\nthe {c}, # 2");
  EXPECT_EQ(prompts.templates, (Strings{"a photo of a {}.", "the {}, # 2"}));
  EXPECT_TRUE(prompts.classes.empty());
  EXPECT_EQ(prompts.source, "f.txt");
}

TEST(PromptText, ErrorsNameTheLineAndTheTemplate) {
  const auto of = [](const std::string& text) { return [=] { Text(text); }; };
  ExpectError(of("{}\n\na photo"),
              {"f.txt: line 3", "\"a photo\"", "no placeholder", "{} or {c}"});
  ExpectError(of("a {} or {c}"),
              {"line 1", "\"a {} or {c}\"", "2 placeholders"});
  ExpectError(of("a {name}"), {"line 1", "\"a {name}\"", "brace"});
  ExpectError(of("a {{}}"), {"brace"});
  ExpectError(of("a {}}"), {"brace"});
  ExpectError(of("a {} {"), {"brace"});
  ExpectError(of("a {C}"), {"brace"});
  ExpectError(of("a { }"), {"brace"});
  ExpectError(of("caf\xe9 {}"), {"line 1", "UTF-8"});
  ExpectError(of(""), {"f.txt", "no template"});
  ExpectError(of("# {}\n \n"), {"no template"});
  ExpectError([] { ParsePrompts("{}", PromptFormat::kText, "f.txt", "X"); },
              {"f.txt", "no sections", "\"X\""});
  // A long line is not shown whole.
  EXPECT_LT(InputErrorOf(of(std::string(5000, 'x'))).size(), 300U);
}

TEST(PromptJson, AListOrAnObject) {
  EXPECT_EQ(JsonPrompts(R"(["a {}", "the {c}\u00e9"])").templates,
            (Strings{"a {}", "the {}é"}));
  const PromptFile prompts = JsonPrompts(
      R"({"classes": ["dog", ["cat", "kitten", "tom"], "dog"],
          "templates": ["{}!"]})");
  EXPECT_EQ(prompts.templates, (Strings{"{}!"}));
  EXPECT_EQ(prompts.classes, (Strings{"dog", "cat", "dog"}));
  ASSERT_EQ(prompts.other_names.size(), 1U);
  EXPECT_EQ(prompts.other_names.at("cat"), (Strings{"kitten", "tom"}));
}

TEST(PromptJson, SectionsAreKeys) {
  const std::string text =
      R"({"cifar10": ["a {c}"], "DTD": {"templates": ["{} texture"],
          "classes": ["banded"]}})";
  EXPECT_EQ(JsonPrompts(text, "CIFAR10").templates, (Strings{"a {}"}));
  const PromptFile dtd = JsonPrompts(text, "dtd");
  EXPECT_EQ(dtd.classes, (Strings{"banded"}));
  EXPECT_EQ(dtd.source, "f.json#dtd");
  ExpectError([&] { JsonPrompts(text); }, {"f.json", "2 sets", "DTD, cifar10"});
  ExpectError([&] { JsonPrompts(text, "cifar1"); },
              {"no set", "\"cifar1\"", "did you mean \"cifar10\"", "DTD"});
  EXPECT_EQ(JsonPrompts(R"({"only": ["a {c}"]})").templates, (Strings{"a {}"}));
}

TEST(PromptJson, MalformedFiles) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "not valid JSON"},
      {"[", "not valid JSON"},
      {"[\"a {}\"] x", "not valid JSON"},
      {"7", "should be a list of templates"},
      {"\"a {}\"", "should be a list of templates"},
      {"null", "should be a list of templates"},
      {"{}", "should be a list of templates"},
      {"[]", "not empty"},
      {"[1]", "[0] should be a text"},
      {"[\"a {}\", [\"b {}\"]]", "[1] should be a text"},
      {"[\"a {}\", \"b\"]", "[1]: template \"b\" has no placeholder"},
      {R"({"templates": []})", "templates should be a list"},
      {R"({"templates": "a {}"})", "templates should be a list"},
      {R"({"templates": ["x"]})", "templates[0]: template \"x\""},
      {R"({"templates": ["{}"], "templates": ["{}"]})", "templates"},
      {R"({"templates": ["{}"], "classes": []})", "classes should be a list"},
      {R"({"templates": ["{}"], "classes": [3]})", "classes[0] should be"},
      {R"({"templates": ["{}"], "classes": ["a", []]})", "classes[1] should"},
      {R"({"templates": ["{}"], "classes": [["a", 1]]})", "classes[0][1]"},
      {R"({"templates": ["{}"], "classes": ["a", " "]})",
       "classes[1]: a blank"},
      {R"({"templates": ["{}"], "classes": [["a", "b"], "a"]})",
       "stands twice"},
      {R"({"templates": ["{}"], "classes": ["a", ["a", "b"]]})",
       "stands twice"},
      {R"({"classes": ["a"]})", "classes"},
      {R"({"x": {"classes": ["a"]}})", "\"x.templates\" is missing"},
      {R"({"cells": [3]})", "cells should hold objects"},
      {R"({"cells": []})", "no list called templates"},
      {R"({"cells": [{"cell_type": "code", "source": [1]}]})", "source"},
  };
  for (const auto& [text, part] : cases) {
    SCOPED_TRACE(text);
    ExpectError([&] { JsonPrompts(text); }, {"f.json", part});
  }
  ExpectError([] { JsonPrompts(R"(["{}"])", "X"); }, {"no sections", "\"X\""});
}

TEST(PromptJson, ANotebooksCodeIsRead) {
  const PromptFile prompts = JsonPrompts(R"({"nbformat": 4, "cells": [
      {"cell_type": "markdown", "source": ["templates = ['no {}']"]},
      {"cell_type": "code", "outputs": [], "source":
        ["%matplotlib inline\n", "imagenet_classes = [\"tench\",\n",
         "  \"kite (bird's)\"]\n"]},
      {"cell_type": "code", "source": []},
      {"cell_type": "code", "source": "imagenet_templates = ['a {}.',]"}]})");
  EXPECT_EQ(prompts.templates, (Strings{"a {}."}));
  EXPECT_EQ(prompts.classes, (Strings{"tench", "kite (bird's)"}));
}

// Made in the manner of CLIP's data/prompts.md; the texts are our own.
constexpr const char* kMarkdown = R"(# Prompts

It's prose, with `templates = ['not {} this']` and an apostrophe.

## Shapes 10

```bash
classes = [
    'disc',
    "potter's wheel",  # not 'this'
]

# a comment, no heading
templates = [
    'a drawing of a {}.',
    'a "{}" seen from afar',
]
```

##  Faces ##
~~~~ python
classes = [
    ['glad', 'merry'],
    ['sad'],
]
templates = ['a {c} face']
~~~
x = ['inside still']
~~~~

## C#
``` py
templates = ['{} code']
```
)";

TEST(PromptMarkdown, SectionsAreHeadings) {
  const PromptFile shapes = Markdown(kMarkdown, "shapes 10");
  EXPECT_EQ(shapes.templates,
            (Strings{"a drawing of a {}.", "a \"{}\" seen from afar"}));
  EXPECT_EQ(shapes.classes, (Strings{"disc", "potter's wheel"}));
  const PromptFile faces = Markdown(kMarkdown, " FACES ");
  EXPECT_EQ(faces.templates, (Strings{"a {} face"}));
  EXPECT_EQ(faces.classes, (Strings{"glad", "sad"}));
  ASSERT_EQ(faces.other_names.size(), 1U);
  EXPECT_EQ(faces.other_names.at("glad"), (Strings{"merry"}));
  const PromptFile code = Markdown(kMarkdown, "c#");
  EXPECT_EQ(code.templates, (Strings{"{} code"}));
  EXPECT_TRUE(code.classes.empty());
  EXPECT_NE(shapes.source, faces.source);
  EXPECT_EQ(shapes.sha256, faces.sha256);
}

TEST(PromptMarkdown, AnErrorListsTheSections) {
  ExpectError([] { Markdown(kMarkdown); },
              {"f.md", "3 sets", "FILE#NAME", "Shapes 10, Faces, C#"});
  ExpectError([] { Markdown(kMarkdown, "Fases"); },
              {"no set", "\"Fases\"", "did you mean \"Faces\"", "Shapes 10"});
  ExpectError(
      [] {
        Markdown(
            "## A\n```\ntemplates=['{}']\n```\n## a\n"
            "```\ntemplates=['{}']\n```\n",
            "A");
      },
      {"more than one set", "\"A\"", "A, a"});
  const std::string fenced = "## A\n```\ntemplates=['{}']\n```\n";
  ExpectError([&] { Markdown(fenced + fenced); },
              {"f.md: line 7: list templates is changed here, after line 3"});
  for (const char* text : {"templates = ['a {}']\n", "## A\n```\nx = 1\n```\n"})
    ExpectError([&] { Markdown(text); },
                {"f.md", "no list called templates", "fences"});
}

TEST(PromptMarkdown, LinesAreThoseOfTheFile) {
  ExpectError(
      [] {
        Markdown(
            "# A\n\n```\ntemplates = [\n  'a {}',\n  'b',\n]\n"
            "```\n");
      },
      {"f.md: line 6", "\"b\"", "no placeholder"});
}

TEST(PromptMarkdown, AFenceThatStaysOpenEndsWithTheFile) {
  EXPECT_EQ(Markdown("# A\n```\ntemplates = ['{} x']").templates,
            (Strings{"{} x"}));
}

// Made in the manner of open_clip's zero_shot_metadata.py.
constexpr const char* kModule = R"("""templates = ['not {} this']"""
import os

LONG_NET_TEMPLATES = (
    lambda c: f'a bad drawing of a {c}.',
    lambda name: F"the {name} 'here'",   # comment
)

# lambda c: f'a {c}'
SMALL_NET_TEMPLATES = (
    lambda c: f'one {c}.',
)

NET_CLASSNAMES = ["tench", 'cock', "house finch",
                  "can " 'opener']

def f(templates=['{} of a default'], x=(1, 2)):
    if x == [1]:
        return [t for t in templates]
)";

TEST(PromptPython, AListIsChosenByItsName) {
  const PromptFile all = Python(kModule, "LONG_NET_TEMPLATES");
  EXPECT_EQ(all.templates,
            (Strings{"a bad drawing of a {}.", "the {} 'here'"}));
  EXPECT_EQ(all.classes,
            (Strings{"tench", "cock", "house finch", "can opener"}));
  const PromptFile few = Python(kModule, "small_net");
  EXPECT_EQ(few.templates, (Strings{"one {}."}));
  EXPECT_EQ(few.classes, all.classes);
  ExpectError([] { Python(kModule); },
              {"2 sets", "LONG_NET_TEMPLATES, SMALL_NET_TEMPLATES"});
  ExpectError([] { Python(kModule, "net"); }, {"no set", "\"net\""});
}

TEST(PromptPython, ClassesGoWithTheirTemplates) {
  // The longest ending, and never another data set's.
  const std::string code =
      "A_B_TEMPLATES = ['ab {}']\nB_TEMPLATES = ['b {}']\n"
      "D_TEMPLATES = ['d {}']\nB_CLASSES = ['b']\nA_B_CLASSES = ['ab']\n";
  EXPECT_EQ(Python(code, "a_b").classes, (Strings{"ab"}));
  EXPECT_EQ(Python(code, "b").classes, (Strings{"b"}));
  EXPECT_TRUE(Python(code, "d").classes.empty());
  // One of each belong together, whatever they are called.
  EXPECT_EQ(
      Python("zeroshot_templates = ['{c}']\nclassnames = ['x', 'x']").classes,
      (Strings{"x", "x"}));
  ExpectError(
      [] {
        Python(
            "templates = ['{}']\nclasses = ['a']\n"
            "classes = ['b']");
      },
      {"line 3", "second list of the classes", "line 2"});
}

TEST(PromptPython, StringLiterals) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {R"('a {}')", "a {}"},
      {R"("it's {}")", "it's {}"},
      {R"('it\'s {}')", "it's {}"},
      {R"('\"\\ {}')", "\"\\ {}"},
      {"'''one\n'two' {}'''", "one\n'two' {}"},
      {R"("""say "{}" now""")", "say \"{}\" now"},
      {R"('' 'a {}')", "a {}"},
      {"'a ' \"{} \"\n  '''b'''", "a {} b"},
      {R"(r'a\n {}')", "a\\n {}"},
      {R"(r'a\' {}')", "a\\' {}"},
      {R"(R"\{}")", "\\{}"},
      {R"(u'{} u')", "{} u"},
      {R"('\x41\101\u00e9\U0001F600{}')", "AAé😀{}"},
      {R"('\0601{}')", "01{}"},
      {R"('\377{}')", "ÿ{}"},
      {R"('\q{}')", "\\q{}"},
      {R"('\t{}\a')", "\t{}\a"},
      {"'a \\\n{}'", "a {}"},
      {R"('# {}')", "# {}"},
      {R"('[{}], (')", "[{}], ("},
      {R"('\x7b}')", "{}"},
      {R"(('a ' '{}'))", "a {}"},
      {R"(lambda c: f'a {c}')", "a {}"},
      {R"(lambda c: f"a { c }")", "a {}"},
      {R"(lambda c: 'a ' f'{c}' ' b')", "a {} b"},
      {R"(lambda c: (f'a {c}'))", "a {}"},
      {R"(lambda _x1: rf'\{_x1}')", "\\{}"},
      {R"(lambda c: f'''{c}''')", "{}"},
      {R"(f'a ' '{}')", "a {}"},
      {"'a {}' \\\n", "a {}"},
  };
  for (const auto& [literal, text] : cases) {
    for (const char* format :
         {"templates = [%]", "templates = (%,)", "templates = [\n%, # '\n]\n",
          "templates: list[str] = [%]; x = 1"}) {
      std::string code = format;
      code.replace(code.find('%'), 1, literal);
      EXPECT_EQ(Python(code).templates, (Strings{text})) << code;
    }
  }
  EXPECT_EQ(Python("templates = ('a {}')").templates, (Strings{"a {}"}));
  EXPECT_EQ(Python("templates = \\\n  ['a {}',\n'b {}' ,]").templates,
            (Strings{"a {}", "b {}"}));
}

TEST(PromptPython, MalformedLists) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "no list called templates"},
      {"templates = 'a {}'", "no list called templates"},
      {"templates = {'a {}'}", "no list called templates"},
      {"templates == ['a {}']", "no list called templates"},
      {"x.templates = ['a {}']", "no list called templates"},
      {"f(templates = ['a {}'])", "no list called templates"},
      {"'templates' = ['a {}']", "no list called templates"},
      {"'''\ntemplates = ['a {}']\n'''", "no list called templates"},
      {"# templates = ['a {}']", "no list called templates"},
      {"templates = []", "line 1: list templates is empty"},
      {"\n\ntemplates = [", "line 3: '[' is never closed"},
      {"templates = ['a {}'", "'[' is never closed"},
      {"templates = ['a {}", "line 1"},
      {"templates = ['a {}\n']", "line 1"},
      {"templates = [\n'a {}' b]", "line 2: b:"},
      {"templates = ['a {}',,]", "line 1: ,:"},
      {"templates = [,]", "line 1: ,:"},
      {"templates = ['a {}', 3]", "line 1: 3:"},
      {"templates = ['a {}', x]", "line 1: x:"},
      {"templates = ['a {}' for x in y]", "line 1: for:"},
      {"templates = ['a {}' % x]", "line 1: %:"},
      {"templates = ['a {}'.format(x)]", "line 1: .:"},
      {"templates = [*x]", "line 1: *:"},
      {"templates = [f('a {}')]", "line 1: f:"},
      {"templates = [['a {}']]", "a list within templates"},
      {"templates = [('a {}', 'b {}')]", "a list within templates"},
      {"templates = [['a {}'", "never closed"},
      {"templates = [['a {}' 3]]", "line 1: 3:"},
      {"templates = ['a {}'] + ['b {}']", "line 1: + follows the list"},
      {"templates = ['a {}'].copy()", "line 1: . follows the list"},
      {"templates = ['a {}'] \\\n * 2", "line 2: * follows the list"},
      {"templates = ['a {}']\ntemplates += ['b {}']",
       "line 2: list templates is changed here, after line 1"},
      {"templates = ['a {}']\ntemplates = ['b {}']",
       "line 2: list templates is changed here, after line 1"},
      {"templates += ['b {}']", "+= changes templates"},
      {"templates = [b'a {}']", "bytes are no text"},
      {"templates = [Rb'a {}']", "bytes are no text"},
      {"templates = ['\\x4 {}']", "no character"},
      {"templates = ['\\ud800 {}']", "no character"},
      {"templates = ['\\U00110000 {}']", "no character"},
      {"templates = ['\\N{BULLET} {}']", "\\N{...}"},
      {"templates = ['a \xff{}']", "UTF-8"},
      {"templates = [f'a {x}']", "{x} would have to be executed"},
      {"templates = [f'a {{}}']", "a doubled brace"},
      {"templates = [lambda c: f'a {c.lower()}']", "{c.lower()}"},
      {"templates = [lambda c: f'a {c!r}']", "{c!r}"},
      {"templates = [lambda c: f'a {c:>9}']", "{c:>9}"},
      {"templates = [lambda c: f'a {d}']", "{d}"},
      {"templates = [lambda c: f'a {}']", "{}"},
      {"templates = [lambda c: f'a {c} {{x}}']", "a doubled brace"},
      {"templates = [lambda c: 'a {c}']", "without an f"},
      {"templates = [lambda c: f'a {c']", "a field without its '}'"},
      {"templates = [lambda c: f'a {c}}']", "a single '}'"},
      {"templates = [lambda c: 'a ' + c]", "line 1: +:"},
      {"templates = [lambda c: 'a {}'.format(c)]", "without an f"},
      {"templates = [lambda c, d: f'a {c}']", "line 1: ,:"},
      {"templates = [lambda: f'a {c}']", "line 1: ::"},
      {"templates = [lambda c]", "ends within an element"},
      {"templates = [lambda c:]", "ends within an element"},
      {"templates = [lambda]", "ends within an element"},
      {"templates = [lambda c: (f'a {c}']", "never closed"},
      {"templates = [\nlambda c: f'a photo.']",
       "line 2: template \"a photo.\" has no placeholder"},
      {"templates = ['a']", "line 1: template \"a\" has no placeholder"},
      {"templates = ['{} {}']", "2 placeholders"},
      {"templates = ['{}']\nclasses = [1]", "list classes: line 2: 1:"},
      {"templates = ['{}']\nclasses = []", "line 2: list classes is empty"},
      {"templates = ['{}']\nclasses = ['a',\n'']", "line 3: a blank class"},
      {"templates = ['{}']\nclasses = ['a',\n[]]", "line 3: a class without"},
      {"templates = ['{}']\nclasses = [['a', ['b']]]", "line 2: [:"},
  };
  for (const auto& [code, part] : cases) {
    SCOPED_TRACE(code);
    ExpectError([&] { Python(code); }, {"f.py", part});
  }
}

TEST(PromptPython, AnotherListMayHoldWhatItLikes) {
  const PromptFile prompts = Python(
      "a = [1, 2]\nb_classes = [x for x in y]\nodd_templates = (f(x),)\n"
      "s = 'unclosed\ngood_templates = ['a {}']\n) ] }\n"
      "c_classes = ['c']\n",
      "good");
  EXPECT_EQ(prompts.templates, (Strings{"a {}"}));
  EXPECT_TRUE(prompts.classes.empty());
}

TEST(ReadPrompts, BuiltInSetsAndFiles) {
  const PromptFile simple = ReadPrompts("simple");
  EXPECT_EQ(simple.templates, (Strings{"a photo of a {}."}));
  EXPECT_EQ(simple.source, "simple");
  EXPECT_EQ(simple.sha256, Sha256Hex("a photo of a {}."));

  const testing::TempFolder folder;
  const auto write = [&](const std::string& name, const std::string& text) {
    testing::WriteText(folder / name, text);
    return (folder / name).string();
  };
  const std::string text = write("t", "a {}\r\n");
  EXPECT_EQ(ReadPrompts(text).templates, (Strings{"a {}"}));
  EXPECT_EQ(ReadPrompts(text).sha256, Sha256Hex("a {}\r\n"));
  const std::string markdown = write("P.MD", kMarkdown);
  EXPECT_EQ(ReadPrompts(markdown + "#Faces").classes, (Strings{"glad", "sad"}));
  EXPECT_EQ(ReadPrompts(markdown + "#Faces").source, markdown + "#Faces");
  EXPECT_EQ(ReadPrompts(markdown + "#C#").templates, (Strings{"{} code"}));
  EXPECT_EQ(ReadPrompts(write("a.py", kModule) + "#small_net").templates,
            (Strings{"one {}."}));
  EXPECT_EQ(ReadPrompts(write("a.json", "[\"x {}\"]")).templates,
            (Strings{"x {}"}));
  // A # in the path itself.
  const std::string marked = write("a#b.json", R"({"k": ["{} k"], "l": []})");
  EXPECT_EQ(ReadPrompts(marked + "#K").templates, (Strings{"{} k"}));
  EXPECT_EQ(ReadPrompts(write("t#u", "{} u")).templates, (Strings{"{} u"}));
}

TEST(ReadPrompts, WhatIsNotThereIsRefused) {
  ExpectError([] { ReadPrompts("simpel"); },
              {"\"simpel\"", "no such file", "did you mean \"simple\""});
  ExpectError([] { ReadPrompts(""); }, {"no such file"});
  ExpectError([] { ReadPrompts("#A"); }, {"no such file"});
  ExpectError([] { ReadPrompts("nowhere.md#A"); }, {"\"nowhere.md#A\""});
  const testing::TempFolder folder;
  ExpectError([&] { ReadPrompts(folder.path().string()); }, {"no such file"});
}

TEST(FillTemplate, PutsTheNameInPlaceOfThePlaceholder) {
  EXPECT_EQ(FillTemplate("a {}.", "polar_bear"), "a polar_bear.");
  EXPECT_EQ(FillTemplate("a {c}.", "polar bear"), "a polar bear.");
  EXPECT_EQ(
      FillTemplate("a_b {}", "polar_bear", {.underscores_to_blanks = true}),
      "a_b polar bear");
  // A name may look like a placeholder.
  EXPECT_EQ(FillTemplate("{}!", "{}"), "{}!");
  EXPECT_THROW(FillTemplate("a photo", "x"), std::logic_error);
}

}  // namespace
}  // namespace eyechart::probes
