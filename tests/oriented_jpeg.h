// A JPEG that says how it is to be turned.
#pragma once

#include <string>
#include <string_view>

namespace eyechart::testing {

/// `jpeg` with an EXIF tag of that orientation: 6 is turned by a quarter,
/// clockwise, to be seen upright.
inline std::string Oriented(const std::string& jpeg, char orientation) {
  using std::string_view_literals::operator""sv;
  std::string exif("Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0"sv);
  exif += orientation;
  exif += "\0\0\0\0\0\0\0"sv;
  std::string made = jpeg.substr(0, 2) + "\xFF\xE1";
  made += '\0';
  made += static_cast<char>(exif.size() + 2);
  return made + exif + jpeg.substr(2);
}

}  // namespace eyechart::testing
