// A row of a list of boxes that cannot be used.
#pragma once

#include <string>
#include <string_view>

namespace eyechart::data::internal {

struct RowFault {
  std::string_view kind;  // one of box_findings.h's
  std::string what;       // place in the file, value and what would be right
};

}  // namespace eyechart::data::internal
