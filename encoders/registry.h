// The table of encoder families. To add one: one new file with a builder, and
// one row in registry.cc.
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "encoders/captioner.h"
#include "encoders/image_encoder.h"
#include "encoders/text_encoder.h"
#include "encoders/trainable_blocks.h"

namespace eyechart::encoders {

struct Family {
  std::string_view model_type;  // as config.json spells it
  std::string_view what;        // one line for `eyechart list encoders`
  std::unique_ptr<ImageEncoder> (*make_image)(const Checkpoint&,
                                              const EncoderOptions&);
  /// Null where the family has no text tower.
  std::unique_ptr<TextEncoder> (*make_text)(const Checkpoint&,
                                            const EncoderOptions&);
  /// Null where the family does not write.
  std::unique_ptr<Captioner> (*make_captioner)(const Checkpoint&,
                                               const EncoderOptions&) = nullptr;
  /// The last so many blocks of the image tower, to be trained. Null where they
  /// are no stack of like blocks.
  LastBlocks (*read_last_blocks)(const Checkpoint&, std::int64_t) = nullptr;
};

std::span<const Family> Families();

/// The row for `checkpoint`. Throws InputError that names the known families.
const Family& FindFamily(const Checkpoint& checkpoint);

}  // namespace eyechart::encoders
