// One picture's boxes in Pascal VOC's XML.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "data/boxes/row_fault.h"

namespace eyechart::data::internal {

struct VocObject {
  std::string name;
  // Corners as written.
  double xmin = 0, ymin = 0, xmax = 0, ymax = 0;
  bool difficult = false;
};

struct VocPicture {
  std::string filename;  // as written; may be empty
  int width = 0;         // pixels; 0 where the file does not say
  int height = 0;
  std::vector<VocObject> objects;
  std::vector<RowFault> faults;  // of the objects that are none
};

/// Parses one file. An object without name or corners is a fault that names
/// object, key and value. Throws InputError naming `source` where it is no VOC
/// XML, is of more than one picture, declares entities, or the picture's size
/// makes none. Names are as they stand, UTF-8 or not. Corners may be "nan",
/// which is for the caller to judge.
VocPicture ParseVocXml(std::string_view text, const std::string& source);

}  // namespace eyechart::data::internal
