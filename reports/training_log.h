// How the training of detection heads went: validation AP and loss by step.
#pragma once

#include <string>

#include "reports/detections.h"

namespace eyechart::reports {

struct HtmlPage;

/// Two pictures, a line a row of `table`: AP on the validation pictures, from
/// whose best look a line falls to its step, and the loss. Empty where no row
/// has a log, as those of exported detectors.
std::string TrainingLogHtml(const HtmlPage& page, const DetectionTable& table);

}  // namespace eyechart::reports
