// Checkpoints without a config.json of their own: what they are is read from
// open_clip_config.json, or from the names and shapes of their tensors.
#pragma once

#include <filesystem>
#include <string>

#include "encoders/checkpoint.h"

namespace eyechart::encoders {

/// Fills `checkpoint`, whose folder and weight files are set, with a
/// configuration in Hugging Face's terms and the preprocessing that its authors
/// use. `why` says what is the matter with config.json, for notes and errors.
/// Throws InputError where neither tells what it is.
void DescribeForeign(const std::string& why, Checkpoint& checkpoint);

/// Whether the names of the tensors in `file` are those of a release that is
/// of another family than `model_type`, config.json's, beside which it lies.
/// Throws InputError for a file that cannot be read.
bool IsReleaseBeside(const std::filesystem::path& file,
                     const std::string& model_type);

}  // namespace eyechart::encoders
