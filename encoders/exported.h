// Models that were exported as a program: TorchScript, or an AOTInductor
// package, with an eyechart.json beside them.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "core/json.h"
#include "encoders/checkpoint.h"
#include "encoders/image_encoder.h"

namespace eyechart::encoders {

inline constexpr std::string_view kExportedConfig = "eyechart.json";
inline constexpr std::string_view kExportedFamily = "exported";

/// Fills `checkpoint`, whose folder is set, from its eyechart.json:
///   format       "torchscript" or "aotinductor"
///   model        file beside it
///   image_size   N or [height, width]: pixels of the program's input
///   any_size     true where it takes other sizes too (default false)
///   batch        pictures it takes at a time (default: any number)
///   patch_size   pixels, for information (default 0)
///   preprocess   what a preprocessor_config.json would hold; one beside it
///                counts for nothing
///   outputs      which result is which: "pooled", "tokens", "feature_map",
///                each an index into the results or, of a dictionary, a key
///   pool         what `pooled` is called: head (default) or cls
///   prefix       tokens before the patches, left out of the mean (default 0)
///   flops        a picture's, where they are known
/// Throws InputError for what is missing, unknown or has a wrong value. A
/// program is code: what is in it runs.
void ReadExportedConfig(Checkpoint& checkpoint);

/// Height and width of a config's "image_size". Throws InputError.
std::pair<int, int> ExportedImageSize(const Json& config,
                                      const std::string& source);

/// Loads the program and runs it once on zeros to learn its widths.
std::unique_ptr<ImageEncoder> MakeExportedEncoder(
    const Checkpoint& checkpoint, const EncoderOptions& options);

}  // namespace eyechart::encoders
