// How the training of detection heads went: validation AP and loss by step.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "reports/detections.h"

namespace eyechart::reports {

struct HtmlPage;

/// Two pictures, a line a row of `table`: AP on the validation pictures, from
/// whose best look a line falls to its step, and the loss. Empty where no row
/// has a log, as those of exported detectors.
std::string TrainingLogHtml(const HtmlPage& page, const DetectionTable& table);

/// The Markdown section: first, best and last loss and validation AP with their
/// steps, the step that was kept, and the sentences of weak rows. Empty where
/// no row has a log or is weak; `labels` by run.
std::string TrainingLogMarkdown(std::span<const RunFolder> runs,
                                const std::vector<std::string>& labels);

/// A sentence for each row whose AP is 0.01 at most though the test part has
/// truth: what its file knows of the training (steps, loss, validation AP, and
/// whether that was still rising at the end), and no guess beyond. Names are as
/// in the table, after `prefixes` by run.
std::vector<std::string> WeakRowSentences(
    const DetectionTable& table, const std::vector<std::string>& prefixes);

}  // namespace eyechart::reports
