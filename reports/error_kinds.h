// Why detections are wrong: TIDE's kinds of error of each row beside its AP,
// precision against recall, and classes that are taken for each other.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "reports/detections.h"

namespace eyechart::reports {

struct HtmlPage;

/// Kinds in the order in which the rows name them; empty: no row has any.
std::vector<std::string> KindsOfErrors(const DetectionTable& table);

/// A sentence for each row that may be compared with the first: how far its AP
/// is below, and which kind of error costs it the most more than the first.
/// Names are as in the table, after `prefixes` by run.
std::vector<std::string> ErrorSentences(
    const DetectionTable& table, const std::vector<std::string>& prefixes);

/// The table of kinds, the sentences, precision against recall, confusions and
/// their matrix of one table of detections; empty where its files have none of
/// them.
std::string ErrorKindsHtml(const HtmlPage& page, const DetectionTable& table);

/// What the kinds are; for the page, once.
std::string ErrorKindsHint();

/// The Markdown section, empty where no run has kinds; `labels` by run.
std::string ErrorKindsMarkdown(std::span<const RunFolder> runs,
                               const std::vector<std::string>& labels);

/// The Markdown section of precision at a recall of 0.1 to 0.9, a table an
/// overlap; empty where no run has curves; `labels` by run.
std::string PrecisionMarkdown(std::span<const RunFolder> runs,
                              const std::vector<std::string>& labels);

}  // namespace eyechart::reports
