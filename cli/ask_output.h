// What `eyechart ask` prints for people.
#pragma once

#include "core/json.h"

namespace eyechart::cli {

/// The object of --json in lines: pairs and items both, each by its name.
void PrintAsk(const Json& json);

}  // namespace eyechart::cli
