// The texts that the table in published.cc names, one a file, in the format of
// import/coco_results_table.h.
#pragma once

namespace eyechart::reports {

extern const char kMmvpVlm[];
extern const char kAimv2Attentive[];
extern const char kDinov2Probes[];
extern const char kEfficientProbing[];

}  // namespace eyechart::reports
