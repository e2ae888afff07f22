// Numbers as JSON writes them, read to the nearest double.
#pragma once

#include <cstdint>

namespace eyechart::detection {

/// Reads the JSON number at `text`, which must be followed by something that is
/// no part of it (a terminating 0 will do), and gives the place behind it.
/// Null: no number, or one beyond doubles.
const char* ParseJsonNumber(const char* text, double& number);

/// The same for integers of at most 18 digits, without fraction and exponent.
const char* ParseJsonInteger(const char* text, std::int64_t& number);

}  // namespace eyechart::detection
