// Which pictures are asked for: those of a data set that can be read, or scenes
// that are drawn.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "data/dataset.h"
#include "data/decode.h"

namespace eyechart::benchmarks {

struct SceneOptions {
  std::int64_t count = 16;
  // Pixels a side. Photographs of COCO have about as many, so that decoding and
  // resizing have their usual share.
  int side = 640;
  std::uint64_t seed = 0;
  int threads = 0;  // that draw; 0: one a hardware thread
};

/// Scenes as JPEG files in memory, called "scenes": what there is to measure
/// with where no pictures are given. The same seed gives the same bytes.
std::unique_ptr<data::Dataset> DrawScenes(const SceneOptions& options = {});

struct PickOptions {
  // Pictures to pick at most, by seed; 0: all.
  std::int64_t most = 0;
  std::uint64_t seed = 0;
  bool decode = true;  // whether a picture has to decode, not just be there
  data::DecodeOptions decoding;
  int threads = 0;  // 0: one a hardware thread
};

/// The pictures that a run asks for.
struct PickedPictures {
  std::vector<std::size_t> index;  // in the data set, ascending
  std::int64_t given = 0;          // pictures of the data set
  std::int64_t unreadable = 0;     // of those picked, and left out
  std::string sha256;              // of the pictures' digests in their order
  std::vector<std::string> warnings;
};

/// Picks and reads them: what cannot be read is left out with a warning that
/// names it, so that no query fails for it while the clock runs. Throws
/// InputError where none can be read, Interrupted on a signal.
PickedPictures PickPictures(const data::Dataset& pictures,
                            const PickOptions& options);

/// The files of `samples`, each of which stands for the picture used[sample];
/// what `known` holds is not read again. Throws InputError.
std::map<std::int64_t, std::string> ReadSamples(
    std::span<const std::int64_t> samples,
    const data::Dataset& pictures,
    std::span<const std::size_t> used,
    std::map<std::int64_t, std::string> known);

}  // namespace eyechart::benchmarks
