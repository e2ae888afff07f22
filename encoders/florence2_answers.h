// What Florence-2 wrote, read as boxes, quads and polygons.
#pragma once

#include <array>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "encoders/florence2_prompts.h"

namespace eyechart::encoders {

/// Labels and what they are of; one of the three lists is filled, a label for
/// each entry. Coordinates are whole pixels of the picture, x before y: the
/// middle of one of 1000 bins a side, cut to an integer.
struct Florence2Answer {
  std::string text;  // of kText: trimmed, start and end tokens taken out
  std::vector<std::string> labels;
  std::vector<std::array<int, 4>> boxes;  // x1, y1, x2, y2
  std::vector<std::array<int, 8>> quads;  // four corners
  /// One or more polygons a label, each x, y, x, y, ...
  std::vector<std::vector<std::vector<int>>> polygons;
};

/// What a processor leaves out of answers.
struct AnswerRules {
  std::vector<std::string> banned_phrases;  // of grounded captions
  /// Quads of less than this share of the picture's area; 0: none.
  double least_quad_area = 0;
};

/// The "post_processor_config" of `folder`/processor_config.json, if there is
/// one. Throws InputError for a damaged file.
AnswerRules ReadAnswerRules(const std::filesystem::path& folder);

/// Reads `text`, an answer decoded with its special tokens, of a picture of
/// `width` x `height` pixels. What is malformed gives nothing; there is no
/// error. Source: Florence2PostProcessor of transformers, whose patterns it
/// follows, \d as ASCII digits.
Florence2Answer ParseFlorence2Answer(std::string_view text,
                                     AnswerForm form,
                                     int width,
                                     int height,
                                     const AnswerRules& rules = {});

}  // namespace eyechart::encoders
