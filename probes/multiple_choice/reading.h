// Numbers read off a picture: from free text, and how far they are off.
#pragma once

#include <optional>
#include <string_view>

#include "probes/multiple_choice/benchmark.h"

namespace eyechart::multiple_choice {

/// The one time of day that `text` names as H:MM or HH:MM (":SS" and "am" or
/// "pm" allowed) in minutes from 0 to 719, on a 12 h dial; nothing where it
/// names none or several different ones.
std::optional<double> ParseClock(std::string_view text);

/// The one number in `text`; nothing where there is none or are several
/// different ones. A comma between digits is a decimal point unless three
/// digits follow it.
std::optional<double> ParseNumber(std::string_view text);

/// How far `read` is from the item's truth: minutes the shorter way round 12 h,
/// or per cent of the gauge's range. Nothing where truth or range is not known.
std::optional<double> ReadingError(Reading reading,
                                   const Question& item,
                                   double read);

/// Whether `read` lies within the item's tolerance, in the reading's unit.
bool WithinTolerance(Reading reading, const Question& item, double read);

}  // namespace eyechart::multiple_choice
