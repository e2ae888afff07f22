#include "suite/mine_pipeline.h"

#include "core/files.h"
#include "data/feature_store.h"

namespace eyechart::suite {}  // namespace eyechart::suite
