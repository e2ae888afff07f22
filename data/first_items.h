// The first pictures of a data set.
#pragma once

#include <cstddef>
#include <memory>

#include "data/dataset.h"

namespace eyechart::data {

/// The first `count` items of `dataset`, or all where there are fewer.
std::unique_ptr<Dataset> FirstItems(std::unique_ptr<Dataset> dataset,
                                    std::size_t count);

}  // namespace eyechart::data
