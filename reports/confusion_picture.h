// Which class a detector takes for which, as a heat map.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "reports/detections.h"

namespace eyechart::reports {

struct HtmlPage;

/// Places of the `most` classes that are most often taken for others or others
/// for them, ascending; of equal ones those with more misses and boxes on
/// nothing, then the first. All where there are no more.
std::vector<std::size_t> MostConfusedClasses(const ConfusionMatrix& matrix,
                                             std::size_t most);

/// The row's matrix behind a heading that opens: truths down, what was found
/// across, background last, each count with its part of its row as the shade.
/// Of many classes the most confused, with how many are left out. Empty where
/// the row has no matrix, or one without counts.
std::string ConfusionPictureHtml(const HtmlPage& page, const DetectionRow& row);

}  // namespace eyechart::reports
