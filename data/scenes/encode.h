// Pictures as file bytes.
#pragma once

#include <string>

#include "data/image.h"

namespace eyechart::scenes {

/// Baseline JPEG, 4:2:0, accurate integer transform, standard Huffman tables.
/// The same pixels give the same bytes with the same libjpeg. `quality` is
/// libjpeg's, 1 to 100.
std::string EncodeJpeg(const data::Image& image, int quality);

/// PNG, 8-bit RGB. Without loss; the bytes depend on the zlib at hand.
std::string EncodePng(const data::Image& image);

/// The picture as a JPEG file of that quality gives it back.
data::Image ThroughJpeg(const data::Image& image, int quality);

}  // namespace eyechart::scenes
