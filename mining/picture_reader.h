// How mining gets at the pictures behind the rows.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace eyechart::mining {

/// The encoded bytes of the picture in a row of the near store; throws
/// InputError where there is none. Empty: no pictures are at hand.
using PictureReader = std::function<std::string(std::int64_t row)>;

}  // namespace eyechart::mining
