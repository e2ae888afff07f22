#include "reports/published/published.h"

#include <array>

#include "reports/import/coco_results_table.h"
#include "reports/published/tables.h"

namespace eyechart::reports {
namespace {

constexpr std::array kTables = {
    PublishedTable{"mmvp-vlm", "ten CLIP models on MMVP-VLM, by pattern",
                   kMmvpVlm},
    PublishedTable{"aimv2", "attentive probes of frozen trunks, 14 data sets",
                   kAimv2Attentive},
    PublishedTable{"dinov2", "k-NN and linear probes on ImageNet-1k",
                   kDinov2Probes},
    PublishedTable{"efficient-probing",
                   "six encoders under one protocol on ImageNet-1k",
                   kEfficientProbing},
};

}  // namespace

std::span<const PublishedTable> PublishedTables() { return kTables; }

std::optional<RunFolder> ReadPublished(const std::string& name) {
  for (const PublishedTable& table : PublishedTables())
    if (table.name == name) return ParseResultsTable(table.text, name);
  return std::nullopt;
}

}  // namespace eyechart::reports
