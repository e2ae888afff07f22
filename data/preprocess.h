// From a decoded picture to the encoder's input, driven by
// preprocessor_config.json as the Hugging Face processors (PIL backend) read
// it.
#pragma once

#include <array>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"
#include "data/decode.h"
#include "data/image.h"
#include "data/resize.h"

namespace eyechart::data {

enum class ResizeMode {
  kNone,
  kShortestEdge,  // the shorter side becomes `size_height`, aspect kept
  kExact,         // size_width x size_height, aspect not kept
  kFitWithin,     // the largest within size_width x size_height, aspect kept
};

/// Everything between the file's bytes and the tensor; hashed into
/// preprocess_sha256 through PreprocessToJson.
struct PreprocessOptions {
  DecodeOptions decode;
  ResizeMode resize = ResizeMode::kShortestEdge;
  int size_height = 224;  // pixels; the edge for kShortestEdge
  int size_width = 224;   // pixels; unused for kShortestEdge
  int longest_edge = 0;   // pixels; cap for kShortestEdge, 0: none
  Filter filter = Filter::kBicubic;
  bool center_crop = true;  // zero padding where the crop is larger
  int crop_height = 224;    // pixels
  int crop_width = 224;     // pixels
  bool rescale = true;
  double rescale_factor = 1.0 / 255.0;
  bool normalize = true;
  std::array<double, 3> mean = {0, 0, 0};
  std::array<double, 3> stddev = {1, 1, 1};
};

/// Reads `folder`/preprocessor_config.json (or processor_config.json's
/// image_processor). Defaults of absent keys follow the processor class that
/// the file names, or that `model_type` implies. Throws InputError for keys
/// with values that cannot be served.
PreprocessOptions ReadPreprocess(const std::filesystem::path& folder,
                                 const std::string& model_type);

/// The same from a preprocessor_config.json's content; `source` is named in
/// errors.
PreprocessOptions ParsePreprocess(const Json& config,
                                  const std::string& model_type,
                                  const std::string& source);

/// The options for another input size: an N x N crop keeps the file's ratio of
/// resize to crop; without a crop, or for height != width, pictures are resized
/// to exactly that.
PreprocessOptions WithResolution(PreprocessOptions options,
                                 int height,
                                 int width);

/// What `preprocess` in a manifest holds; equal settings give equal JSON.
Json PreprocessToJson(const PreprocessOptions& options);
/// SHA-256 of the canonical JSON.
std::string PreprocessSha256(const PreprocessOptions& options);

/// The encoder's input of one picture: (3, height, width), float32.
struct Pixels {
  int height = 0;
  int width = 0;
  std::vector<float> values;
};

/// Resize, crop, rescale, normalise. Source: the PIL-backed processors. Throws
/// DecodeError for a picture too narrow or too large once resized.
Pixels Preprocess(const Image& image, const PreprocessOptions& options);

/// A file's bytes to the encoder's input.
struct Prepared {
  Pixels pixels;
  std::string note;  // a warning for the item's row, or empty
  int width = 0;     // of the picture itself, in pixels
  int height = 0;
};

/// Decode and Preprocess. Where options.decode.mode is kFast, a JPEG is decoded
/// at a reduced size and then resized to the size that the whole picture would
/// be. Throws DecodeError.
Prepared DecodeAndPreprocess(std::string_view bytes,
                             const PreprocessOptions& options);

/// The fixed input size, or {0, 0} where pictures come in their own sizes.
struct InputSize {
  int height = 0;
  int width = 0;
};
InputSize FixedInputSize(const PreprocessOptions& options);

}  // namespace eyechart::data
