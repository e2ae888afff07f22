// Florence-2's task prompts: what each task token asks for, and in which form
// the answer comes.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace eyechart::encoders {

/// What an answer is read as.
enum class AnswerForm {
  kText,
  kBoxes,            // labelled boxes
  kGroundedPhrases,  // phrases of a caption, each with boxes
  kProposals,        // boxes without labels
  kQuads,            // texts with four corners
  kPolygons,         // polygons, labelled or not
  kBoxesOrPolygons,  // polygons where the answer has some
};

struct Florence2Task {
  std::string_view token;   // "<OD>"
  std::string_view prompt;  // what the model reads; "{}" stands for the input
  AnswerForm form = AnswerForm::kText;
  bool takes_input = false;
};

/// The published tasks. Source: Florence2Processor of transformers.
std::span<const Florence2Task> Florence2Tasks();

/// The task of a prompt that begins with a task token; null for others.
const Florence2Task* FindFlorence2Task(std::string_view prompt);

/// `prompt` as the model reads it: a task token written out, its input put in;
/// anything else stays. Throws InputError for input behind a task that takes
/// none.
std::string ExpandFlorence2Prompt(std::string_view prompt);

/// The special tokens that Florence-2's processor adds to BART's vocabulary, in
/// their order: marks of tasks and <loc_0> to <loc_999>. Source: the processor
/// of the release with remote code.
std::vector<std::string> Florence2Tokens();

}  // namespace eyechart::encoders
