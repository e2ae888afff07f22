// What a detection row was trained and tested by: its name beside others, and
// whether two rows may be compared.
#pragma once

#include <map>
#include <span>
#include <string>

#include "core/json.h"
#include "core/record.h"
#include "reports/detections.h"

namespace eyechart::reports {

/// The record's setting, with what `detect`, a detect.json, says besides of
/// training, head, input and test part. Values as text, as a record has them.
std::map<std::string, std::string> DetectionSettingOf(const Record& record,
                                                      const Json& detect);

/// Fills `differs` of each row: settings that are not the same in all of them,
/// "width 64, shots all". Rows of one encoder that would still share a name say
/// their seeds, else their cell.
void TellRowsApart(std::span<DetectionRow> rows);

/// Empty where `row` was trained and tested as `other` but for the encoder and
/// the seeds, else what is not the same: "other width, shots". A setting that
/// one of the two is silent about counts as another, except where silence has
/// one meaning.
std::string WhyNotCompared(const DetectionRow& row, const DetectionRow& other);

}  // namespace eyechart::reports
