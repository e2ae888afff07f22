#include "encoders/florence2_prompts.h"

#include <array>

#include "core/error.h"
#include "encoders/clip_text_rules.h"

namespace eyechart::encoders {
namespace {

using enum AnswerForm;

constexpr std::array kTasks = {
    Florence2Task{"<OCR>", "What is the text in the image?", kText, false},
    Florence2Task{"<OCR_WITH_REGION>",
                  "What is the text in the image, with regions?", kQuads,
                  false},
    Florence2Task{"<CAPTION>", "What does the image describe?", kText, false},
    Florence2Task{"<DETAILED_CAPTION>",
                  "Describe in detail what is shown in the image.", kText,
                  false},
    Florence2Task{"<MORE_DETAILED_CAPTION>",
                  "Describe with a paragraph what is shown in the image.",
                  kText, false},
    Florence2Task{"<OD>", "Locate the objects with category name in the image.",
                  kBoxes, false},
    Florence2Task{"<DENSE_REGION_CAPTION>",
                  "Locate the objects in the image, with their descriptions.",
                  kBoxes, false},
    Florence2Task{"<REGION_PROPOSAL>",
                  "Locate the region proposals in the image.", kProposals,
                  false},
    Florence2Task{"<CAPTION_TO_PHRASE_GROUNDING>",
                  "Locate the phrases in the caption: {}", kGroundedPhrases,
                  true},
    Florence2Task{"<REFERRING_EXPRESSION_SEGMENTATION>",
                  "Locate {} in the image with mask", kPolygons, true},
    Florence2Task{"<REGION_TO_SEGMENTATION>",
                  "What is the polygon mask of region {}", kPolygons, true},
    Florence2Task{"<OPEN_VOCABULARY_DETECTION>", "Locate {} in the image.",
                  kBoxesOrPolygons, true},
    Florence2Task{"<REGION_TO_CATEGORY>", "What is the region {}?", kText,
                  true},
    Florence2Task{"<REGION_TO_DESCRIPTION>",
                  "What does the region {} describe?", kText, true},
    Florence2Task{"<REGION_TO_OCR>", "What text is in the region {}?", kText,
                  true},
};

}  // namespace

std::span<const Florence2Task> Florence2Tasks() { return kTasks; }

const Florence2Task* FindFlorence2Task(std::string_view prompt) {
  for (const Florence2Task& task : kTasks)
    if (prompt.find(task.token) != prompt.npos) return &task;
  return nullptr;
}

std::string ExpandFlorence2Prompt(std::string_view prompt) {
  const Florence2Task* task = FindFlorence2Task(prompt);
  if (task == nullptr) return std::string(prompt);
  if (!task->takes_input) {
    EYECHART_REQUIRE(prompt == task->token,
                     "prompt \"{}\": {} takes no input; it should be the "
                     "whole prompt",
                     prompt, task->token);
    return std::string(task->prompt);
  }
  std::string input(prompt);
  for (std::size_t at = 0; (at = input.find(task->token, at)) != input.npos;)
    input.erase(at, task->token.size());
  std::string text(task->prompt);
  text.replace(text.find("{}"), 2, StripPythonSpace(input));
  return text;
}

std::vector<std::string> Florence2Tokens() {
  std::vector<std::string> tokens = {"<od>", "</od>", "<ocr>", "</ocr>"};
  for (int i = 0; i < 1000; ++i)
    tokens.push_back("<loc_" + std::to_string(i) + ">");
  for (const char* token : {"<cap>",
                            "</cap>",
                            "<ncap>",
                            "</ncap>",
                            "<dcap>",
                            "</dcap>",
                            "<grounding>",
                            "</grounding>",
                            "<seg>",
                            "</seg>",
                            "<sep>",
                            "<region_cap>",
                            "</region_cap>",
                            "<region_to_desciption>",
                            "</region_to_desciption>",
                            "<proposal>",
                            "</proposal>",
                            "<poly>",
                            "</poly>",
                            "<and>"})
    tokens.emplace_back(token);
  return tokens;
}

}  // namespace eyechart::encoders
