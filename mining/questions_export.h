// Blind pairs as a folder of questions still to be written, in MMVP's layout.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "data/decode.h"
#include "data/store_manifest.h"
#include "mining/mine.h"
#include "mining/picture_reader.h"

namespace eyechart::mining {

struct QuestionsOptions {
  std::int64_t pairs = 150;  // the first so many: MMVP's number; 0: all
  /// For pictures that are neither JPEG nor PNG: as the encoders saw them.
  data::DecodeOptions decode;
};

struct QuestionsSummary {
  std::int64_t pairs = 0;
  /// Pairs left out as a picture could not be read: "ID_A, ID_B: reason". Later
  /// ones take their places.
  std::vector<std::string> left_out;
  /// The folder held the same pairs already and was left as it is: questions
  /// may have been written into it.
  bool was_there = false;
};

/// Writes to `folder`, whole or not at all,
///   MMVP Images/1.jpg ...  two pictures a pair, pair p's being 2p-1 and 2p:
///                          the files' own bytes where they are JPEG or PNG,
///                          else PNG with the same pixels
///   Questions.csv          `lndex,Question,Options,Correct Answer` (the
///                          released header), all but the number empty
///   sources.csv            `image,file,pair,rank,id,path,label,near_cosine,
///                          far_cosine`, a row a picture: where it is from.
///                          `pair` is PairId, `rank` that of pairs.csv.
/// `ask` reads the folder once the questions are written, and says which are
/// not. Throws InputError where the folder holds anything else, other pairs
/// included, and where nothing can be exported.
QuestionsSummary WriteQuestions(const std::filesystem::path& folder,
                                std::span<const BlindPair> pairs,
                                const std::vector<data::StoreItem>& items,
                                const PictureReader& read,
                                const QuestionsOptions& options = {});

/// Throws the InputError of a folder that can never be written, to be said
/// before hours of work.
void RequireQuestionsFolder(const std::filesystem::path& folder);

}  // namespace eyechart::mining
