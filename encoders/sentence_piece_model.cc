#include "encoders/sentence_piece_model.h"

#include <bit>

#include "core/error.h"

namespace eyechart::encoders {
namespace {

// One field of a protobuf message; `number` and `bytes` as its type has them.
struct Field {
  std::uint64_t id = 0;
  std::uint64_t number = 0;
  std::string_view bytes;
};

// Goes through the fields of a message.
class Fields {
 public:
  Fields(std::string_view message, const std::string& source)
      : rest_(message), source_(source) {}

  bool Next(Field& field) {
    if (rest_.empty()) return false;
    const std::uint64_t key = Varint();
    field = {key >> 3, 0, {}};
    switch (key & 7) {
      case 0:
        field.number = Varint();
        return true;
      case 1:
        field.number = Fixed(8);
        return true;
      case 2:
        field.bytes = Bytes(Varint());
        return true;
      case 5:
        field.number = Fixed(4);
        return true;
      default:
        Fail();
    }
  }

 private:
  [[noreturn]] void Fail() const {
    ThrowInput("{}: should be a SentencePiece model; it is damaged", source_);
  }

  std::string_view Bytes(std::uint64_t count) {
    if (count > rest_.size()) Fail();
    const std::string_view bytes = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return bytes;
  }

  std::uint64_t Fixed(std::size_t count) {
    std::uint64_t value = 0;
    const std::string_view bytes = Bytes(count);
    for (std::size_t i = count; i-- > 0;)
      value = value << 8 | static_cast<unsigned char>(bytes[i]);
    return value;
  }

  std::uint64_t Varint() {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const std::uint64_t byte = Fixed(1);
      value |= (byte & 0x7F) << shift;
      if (byte < 0x80) return value;
    }
    Fail();
  }

  std::string_view rest_;
  const std::string& source_;
};

SentencePieceModel::Piece ReadPiece(std::string_view bytes,
                                    const std::string& source) {
  SentencePieceModel::Piece piece;
  Fields fields(bytes, source);
  for (Field field; fields.Next(field);) {
    if (field.id == 1) piece.text = field.bytes;
    if (field.id == 2)
      piece.score =
          std::bit_cast<float>(static_cast<std::uint32_t>(field.number));
    if (field.id == 3) piece.type = field.number;
  }
  return piece;
}

}  // namespace

SentencePieceModel ReadSentencePieceModel(std::string_view bytes,
                                          const std::string& source) {
  SentencePieceModel model;
  Fields fields(bytes, source);
  for (Field field; fields.Next(field);) {
    if (field.id == 1) {
      model.pieces.push_back(ReadPiece(field.bytes, source));
    } else if (field.id == 2) {
      Fields trainer(field.bytes, source);
      for (Field inner; trainer.Next(inner);) {
        if (inner.id == 3) model.model_type = inner.number;
        if (inner.id == 35) model.byte_fallback = inner.number != 0;
      }
    } else if (field.id == 3) {
      Fields normalizer(field.bytes, source);
      for (Field inner; normalizer.Next(inner);)
        if (inner.id == 2) model.charsmap = inner.bytes;
    }
  }
  return model;
}

}  // namespace eyechart::encoders
