#include "reports/badge.h"

#include <fmt/format.h>

#include "core/error.h"
#include "core/json.h"
#include "reports/comparison.h"
#include "reports/formats.h"

namespace eyechart::reports {
namespace {

// All runs together: how many cells failed of how many.
class BadgeExporter : public Exporter {
 public:
  std::string Export(std::span<const RunFolder> runs) const override {
    std::size_t cells = 0;
    std::size_t failed = 0;
    for (const RunFolder& run : runs) {
      const RunSummaryCounts counts = CountRun(run);
      cells += counts.cells;
      failed += counts.failed;
    }
    if (failed > 0)
      return BadgeDocument(
          "eyechart",
          fmt::format("{} of {} failed", failed, Plural(cells, "cell")), "red",
          true);
    return BadgeDocument("eyechart", Plural(cells, "cell"),
                         cells > 0 ? "brightgreen" : "lightgrey", false);
  }
};

}  // namespace

std::string BadgeDocument(const std::string& label,
                          const std::string& message,
                          const std::string& color,
                          bool is_error) {
  EYECHART_CHECK(!message.empty(), "a badge without a message");
  Json json = {{"schemaVersion", 1},
               {"label", label},
               {"message", message},
               {"color", color}};
  if (is_error) json["isError"] = true;
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::unique_ptr<Exporter> MakeBadge() {
  return std::make_unique<BadgeExporter>();
}

}  // namespace eyechart::reports
