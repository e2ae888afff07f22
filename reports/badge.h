// A badge as shields.io's endpoint takes it: one small JSON file.
#pragma once

#include <string>

namespace eyechart::reports {

/// `color` is one of shields.io's names; `is_error` keeps the address of the
/// badge from overriding it. `message` is not empty.
std::string BadgeDocument(const std::string& label,
                          const std::string& message,
                          const std::string& color,
                          bool is_error);

}  // namespace eyechart::reports
