// Class numbers to class names.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "data/dataset.h"

namespace eyechart::data {

/// `dataset` with each label N, a number from 0, replaced by `names[N]`. Throws
/// InputError for a label that is no such number.
std::unique_ptr<Dataset> WithLabelNames(std::unique_ptr<Dataset> dataset,
                                        const std::vector<std::string>& names);

}  // namespace eyechart::data
