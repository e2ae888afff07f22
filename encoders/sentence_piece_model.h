// What libsentencepiece's interface does not tell of a model file.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace eyechart::encoders {

/// A SentencePiece `ModelProto`, as far as it is wanted here.
struct SentencePieceModel {
  struct Piece {
    std::string text;
    float score = 0;
    enum Type {
      kNormal = 1,
      kUnknown = 2,
      kControl = 3,
      kUserDefined = 4,
      kUnused = 5,
      kByte = 6,
    };
    std::uint64_t type = kNormal;
  };
  static constexpr std::uint64_t kUnigram = 1;

  std::vector<Piece> pieces;  // by id
  std::uint64_t model_type = kUnigram;
  bool byte_fallback = false;
  std::string charsmap;  // the normaliser's precompiled table, or empty
};

/// Reads the protobuf message `bytes`. Throws InputError naming `source` for
/// bytes that are none. Source: sentencepiece_model.proto.
SentencePieceModel ReadSentencePieceModel(std::string_view bytes,
                                          const std::string& source);

}  // namespace eyechart::encoders
