// OpenMetrics text (version 1.0), kept to what the older Prometheus text format
// reads as well.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace eyechart::reports {

/// One gauge with all its samples.
struct GaugeFamily {
  struct Sample {
    std::vector<std::pair<std::string, std::string>> labels;
    double value = 0;
  };
  std::string name;  // with its unit at the end
  std::string unit;  // "" where it has none
  std::string help;
  std::vector<Sample> samples;
};

/// The document: each family's TYPE, UNIT and HELP before its samples, `# EOF`
/// at the end; families without a sample are left out. Samples have no time:
/// the node exporter's textfile collector and the Pushgateway refuse those that
/// do, and a scrape has its own.
std::string OpenMetricsDocument(std::span<const GaugeFamily> families);

/// The unit as a part of a name: "images/s" becomes "images_per_second", "1"
/// (a pure number) nothing.
std::string UnitName(std::string_view unit);

/// `eyechart_` + the parts, parted by '_', with what names cannot hold made
/// '_'; empty parts are left out.
std::string GaugeName(std::span<const std::string> parts);

/// Seconds since 1970 of an RFC 3339 time in UTC as records have it; negative
/// where the text is none.
double UnixSeconds(const std::string& rfc3339);

}  // namespace eyechart::reports
