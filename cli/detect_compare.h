// Whether two results of `detect train` are of like heads.
#pragma once

#include <string>
#include <vector>

#include "core/json.h"

namespace eyechart::cli {

/// Throws InputError naming each field in which the head or its suppression of
/// the detect.json `other` differs from that of `ours`. What `other` does not
/// say, being of an eyechart that did not write it yet, is a warning.
std::vector<std::string> RequireSameHead(const Json& ours,
                                         const std::string& other);

}  // namespace eyechart::cli
